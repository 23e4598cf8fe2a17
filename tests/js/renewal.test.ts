// Tokens that expire: who is asked when, and what the engine is told.
import assert from "node:assert/strict";
import { mock, type TestContext, test } from "node:test";
import type { MqttError } from "../../js/src/errors.js";
import type { Attempt, ClientOptions, Credentials } from "../../js/src/options.js";
import { connectFake, createFake, turn } from "./support/fake.js";
import { fakeGlobal, fakePage } from "./support/page.js";

const HOUR = 3600;
const bytes = (text: string) => new TextEncoder().encode(text);

/** Both clocks and the timers, which a test moves; chance has its mean. */
function clock(context: TestContext, chance = 0.5) {
  let slept = 0;
  context.after(() => mock.restoreAll());
  context.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000_000 });
  mock.method(performance, "now", () => Date.now() - slept);
  mock.method(Math, "random", () => chance);
  return {
    async pass(seconds: number) {
      context.mock.timers.tick(seconds * 1000);
      await turn();
    },
    /** The wall clock goes on, but neither the timers nor the other clock. */
    sleep(seconds: number) {
      slept += seconds * 1000;
      context.mock.timers.setTime(Date.now() + seconds * 1000);
    },
  };
}

/** A client that is connected with the first token, and a record of what was asked. */
async function signedIn(
  give: (attempt: Attempt, count: number) => Credentials | Promise<Credentials>,
  more: ClientOptions = {},
) {
  const asked: Attempt[] = [];
  const credentials = (attempt: Attempt) => give(attempt, asked.push(attempt));
  const fake = await createFake({ credentials, ...more });
  const { client, engine } = fake;
  const errors: MqttError[] = [];
  client.on("error", (error) => errors.push(error));
  /** Connects as the engine does; the password it does it with. */
  const connect = async () => {
    const { password } = await engine.host.resolve(1);
    engine.accept();
    await turn();
    return new TextDecoder().decode(password);
  };
  const reconnect = () => {
    engine.lose(undefined, 0, 1);
    return turn().then(connect);
  };
  const renewals = () => engine.called("renew").length;
  assert.equal(await connect(), "token 1");
  return { ...fake, asked, errors, reconnect, renewals };
}

/** Tokens that are all good for as long. */
const lasting = (expiresIn: number) => (_: Attempt, count: number) => ({
  username: "ada",
  password: `token ${count}`,
  expiresIn,
});

test("before it expires a token is renewed: asked for once, and used for the next attempt", async (context) => {
  const { pass } = clock(context);
  const { asked, reconnect, renewals, errors } = await signedIn(lasting(HOUR));
  assert.deepEqual(asked, [{ number: 1 }]);
  await pass(HOUR - 91);
  assert.equal(asked.length, 1);
  await pass(1); // a minute and a half before the end, by the mean of chance
  assert.deepEqual([asked[1], renewals()], [{ number: 1, renewal: true }, 1]);
  assert.equal(await reconnect(), "token 2");
  assert.equal(asked.length, 2);
  // And so on, from when the new one was given.
  await pass(HOUR - 91);
  assert.equal(renewals(), 1);
  await pass(1);
  assert.equal(renewals(), 2);
  assert.equal(await reconnect(), "token 3");
  assert.deepEqual(errors, []);
});

for (const [life, chance, margin] of [
  [HOUR, 0, 60],
  [HOUR, 1, 120],
  [100, 0, 10],
  [100, 1, 20],
  [30 * 24 * HOUR, 0, 60],
] as const)
  test(`a token of ${life} s is renewed ${margin} s before its end when chance says ${chance}`, async (context) => {
    const { pass } = clock(context, chance);
    const { renewals } = await signedIn(lasting(life));
    await pass(life - margin - 1);
    assert.equal(renewals(), 0);
    await pass(1);
    assert.equal(renewals(), 1);
  });

test("what does not expire is asked for before attempts only", async (context) => {
  const { pass } = clock(context);
  const { asked } = await signedIn((_, count) => ({ password: `token ${count}`, username: "ada" }));
  await pass(365 * 24 * HOUR);
  assert.equal(asked.length, 1);
});

test("other attempts ask for themselves, and take a token that was made for them", async (context) => {
  const { pass } = clock(context);
  const { engine, asked, renewals } = await signedIn(lasting(HOUR));
  const password = async () => new TextDecoder().decode((await engine.host.resolve(1)).password);
  engine.lose(undefined, 1000, 2);
  await turn();
  assert.equal(await password(), "token 2");
  engine.accept();
  await turn();
  await pass(HOUR - 90);
  assert.equal(renewals(), 1);
  // The connection is lost before the client could leave it.
  engine.lose(undefined, 1000, 2);
  await turn();
  assert.equal(await password(), "token 3");
  assert.equal(asked.length, 3);
  // Only once, and not when it is too old by then.
  assert.equal(await password(), "token 4");
  engine.accept();
  await turn();
  await pass(HOUR - 90);
  engine.lose(undefined, 1000, 2);
  await turn();
  await pass(HOUR);
  assert.equal(await password(), "token 6");
});

test("nothing is renewed without a connection", async (context) => {
  const { pass } = clock(context);
  const { client, engine, asked } = await signedIn(lasting(HOUR));
  engine.lose(undefined, 1000, 2);
  await turn();
  await pass(2 * HOUR);
  assert.equal(asked.length, 1);
  engine.accept();
  await turn();
  await client.close();
  await pass(HOUR);
  assert.equal(asked.length, 2, "the one that was due when it was back");
});

test("a token that expired during a sleep is renewed at once when the page wakes up", async (context) => {
  const { sleep } = clock(context);
  const page = fakePage(context);
  const { engine, asked, reconnect } = await signedIn(lasting(HOUR));
  sleep(2 * HOUR);
  const before = engine.calls.length;
  page.dispatchEvent(new Event("resume"));
  page.dispatchEvent(new Event("pageshow"));
  assert.equal(asked.length, 2, "before the engine looks at the old connection");
  await turn();
  assert.ok(engine.calls.slice(before).some(([name]) => name === "renew"));
  assert.equal(await reconnect(), "token 2");
});

test("a wall clock that is set back does not make a token last longer", async (context) => {
  const { pass } = clock(context);
  const { renewals } = await signedIn(lasting(HOUR));
  const real = Date.now;
  mock.method(performance, "now", () => real());
  mock.method(Date, "now", () => real() - 24 * HOUR * 1000);
  await pass(HOUR - 90);
  assert.equal(renewals(), 1);
});

test("without a network nobody is asked before it is back", async (context) => {
  const { pass } = clock(context);
  const page = fakePage(context);
  const navigator = { onLine: true };
  fakeGlobal(context, "navigator", navigator);
  const { asked } = await signedIn(lasting(HOUR));
  navigator.onLine = false;
  await pass(HOUR);
  assert.equal(asked.length, 1);
  navigator.onLine = true;
  page.dispatchEvent(new Event("online"));
  assert.equal(asked.length, 2);
});

test("a provider that fails is told of and asked again, first after half of what is left, then at most each minute", async (context) => {
  const { pass } = clock(context);
  let works = false;
  const { asked, errors, renewals, client } = await signedIn((attempt, count) => {
    if (count > 1 && !works) throw new TypeError("secret");
    return lasting(HOUR)(attempt, count);
  });
  await pass(HOUR - 90);
  assert.equal(asked.length, 2);
  assert.deepEqual(
    errors.map(({ code, cause }) => [code, (cause as Error).name]),
    [["provider-failed", "TypeError"]],
  );
  assert.match(errors[0]?.message ?? "", /^provider-failed \(credentials\)/);
  assert.doesNotMatch(errors[0]?.message ?? "", /secret/);
  await pass(44);
  assert.equal(asked.length, 2);
  await pass(1);
  assert.equal(asked.length, 3);
  for (let minute = 0; minute < 60; minute++) await pass(60); // the server lets it be
  assert.equal(asked.length, 63);
  assert.deepEqual([client.state, renewals()], ["connected", 0]);
  works = true;
  await pass(60);
  assert.equal(renewals(), 1);
});

test("a provider that never answers is given up after the time of an attempt, and asked again", async (context) => {
  const { pass } = clock(context);
  const { asked, errors, renewals } = await signedIn(
    (attempt, count) => (count === 2 ? new Promise<never>(() => {}) : lasting(HOUR)(attempt, count)),
    { connectTimeout: 7000 },
  );
  await pass(HOUR - 90);
  await pass(6.999);
  assert.deepEqual([asked.length, errors.length], [2, 0]);
  await pass(0.001);
  assert.match(errors[0]?.message ?? "", /^provider-timeout \(renewal\): .*`connectTimeout`/);
  await pass(60);
  assert.equal(renewals(), 1);
  assert.equal(errors.length, 1);
});

test("an answer that comes when the connection is gone disturbs nobody", async (context) => {
  const { pass } = clock(context);
  for (const fails of [true, false]) {
    let answer = () => {};
    const { engine, errors, renewals } = await signedIn((attempt, count) =>
      count === 2
        ? new Promise<Credentials>((resolve, reject) => {
            answer = () => (fails ? reject(new Error("late")) : resolve(lasting(HOUR)(attempt, 2)));
          })
        : lasting(HOUR)(attempt, count),
    );
    await pass(HOUR - 90);
    engine.lose(undefined, 1000, 2);
    await turn();
    answer();
    await turn();
    engine.accept();
    await turn();
    assert.deepEqual([errors, renewals()], [[], 0]);
  }
});

test("the same token again is no reason to reconnect", async (context) => {
  const { pass } = clock(context);
  const end = Date.now() / 1000 + HOUR;
  const { asked, renewals, errors } = await signedIn((_, count) => ({
    username: "ada",
    password: "token 1",
    expiresIn: count < 4 ? Math.round(end - Date.now() / 1000) : HOUR,
  }));
  await pass(HOUR - 90);
  await pass(45);
  assert.deepEqual([asked.length, renewals(), errors.length], [3, 0, 0]);
  await pass(23);
  assert.deepEqual([asked.length, renewals()], [4, 1]);
});

test("a client that cannot leave at once is asked again, and the application is not", async (context) => {
  const { pass } = clock(context);
  const { asked, renewals } = await signedIn(lasting(HOUR));
  await pass(HOUR - 90);
  await pass(45);
  assert.deepEqual([asked.length, renewals()], [2, 2]);
});

test("a life of nothing is no storm of questions", async (context) => {
  const { pass } = clock(context);
  const { asked, renewals } = await signedIn(lasting(0));
  for (let second = 0; second < 60; second++) await pass(1);
  assert.equal(asked.length, 2 + 60 / 5);
  assert.equal(renewals(), 0);
});

test("without reconnects credentials are asked for once", async (context) => {
  const { pass } = clock(context);
  const { asked } = await signedIn(lasting(HOUR), { reconnect: false });
  await pass(2 * HOUR);
  assert.equal(asked.length, 1);
});

test("a renewal is told as a disconnect without an error and a connect, and nobody is asked whether to", async (context) => {
  const { pass } = clock(context);
  const retryIf = () => assert.fail("asked whether to retry");
  const { client, reconnect } = await signedIn(lasting(HOUR), { reconnect: { retryIf } });
  const told: unknown[] = [];
  for (const type of ["disconnect", "reconnecting", "connect"] as const)
    client.on(type, (detail) => told.push(type === "connect" ? type : [type, detail]));
  await pass(HOUR - 90);
  await reconnect();
  assert.deepEqual(told, [["disconnect", { willReconnect: true }], "connect"]);
});

test("what credentials and authenticator give is checked", async () => {
  for (const given of [{ expiresIn: "3600" }, { expiresAt: 1 }, { expiresIn: Number.NaN }]) {
    const { engine } = await createFake({ credentials: () => given as never });
    await assert.rejects(engine.host.resolve(1), { code: "invalid-option", message: /credentials\.expires/ });
    const start = () => given as never;
    const other = await createFake({ authenticator: { method: "M", start } });
    await assert.rejects(other.engine.host.resolve(1), { message: /authenticator\.expires/ });
  }
  await assert.rejects(createFake({ expiresIn: 5 } as never), { code: "invalid-option" });
});

test("an identity that was proved with an authenticator is proved again on the same connection", async (context) => {
  const { pass } = clock(context);
  let count = 0;
  const start = async () => ({ data: bytes(`proof ${++count}`), expiresIn: HOUR });
  const { client, engine } = await connectFake({ authenticator: { method: "M", start } });
  assert.deepEqual((await engine.host.resolve(1)).authData, bytes("proof 1"));
  engine.accept();
  await turn();
  for (const round of [2, 3]) {
    await pass(HOUR - 91);
    assert.equal(count, round - 1);
    await pass(1);
    assert.deepEqual(engine.called("reauthenticate").at(-1), [bytes(`proof ${round}`)]);
    engine.complete(engine.operation);
    await turn();
  }
  // By hand it starts over as well.
  await pass(HOUR / 2);
  const asked = client.reauthenticate();
  await turn();
  engine.complete(engine.operation);
  await asked;
  await pass(HOUR - 91);
  assert.equal(count, 4);
  await pass(1);
  assert.equal(count, 5);
  assert.equal(engine.called("renew").length, 0);
});

test("a server that does not answer the proof, and an authenticator that throws, are told of and tried again", async (context) => {
  const { pass } = clock(context);
  let count = 0;
  const start = () => {
    if (++count === 3) throw new Error("no");
    return { data: bytes("proof"), expiresIn: HOUR };
  };
  const options = { connectTimeout: 5000, authenticator: { method: "M", start } };
  const { client, engine } = await createFake(options);
  const errors: string[] = [];
  client.on("error", ({ code }) => errors.push(code));
  await engine.host.resolve(1);
  engine.accept();
  await turn();
  await pass(HOUR - 90);
  await pass(5);
  assert.deepEqual(errors, ["timeout"]);
  await pass(60);
  assert.deepEqual([count, errors], [3, ["timeout", "provider-failed"]]);
  await pass(60);
  engine.complete(engine.operation);
  await turn();
  assert.deepEqual([count, errors.length, client.state], [4, 2, "connected"]);
});
