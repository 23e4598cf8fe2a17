// The socket of the first attempt opens while the engine loads, where nothing but its URL decides about it.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Closable, Glue } from "../../js/src/boundary.js";
import { MqttClient } from "../../js/src/client.js";
import type { ClientOptions, UrlSource } from "../../js/src/options.js";
import { fakeGlue, resolveTarget, turn } from "./support/fake.js";

type Listener = ((event: Event) => void) | null;

class FakeSocket implements Closable {
  static readonly OPEN = 1;
  static made: FakeSocket[] = [];
  static thrown: Error | undefined;
  onopen: Listener = null;
  onmessage: Listener = null;
  onerror: Listener = null;
  onclose: Listener = null;
  readyState = 0;
  closed = 0;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    if (FakeSocket.thrown) throw FakeSocket.thrown;
    FakeSocket.made.push(this);
  }

  tell(type: "open" | "message" | "error" | "close", readyState: number): void {
    this.readyState = readyState;
    this[`on${type}`]?.(new Event(type));
  }

  close(): void {
    this.closed++;
    this.readyState = 2;
  }
}

const SURE = { clientId: "sure", whenClientIdInUse: "ignore" } as const;

/** A client that was started, whose engine loads until `load` is called. */
function starting(
  t: TestContext,
  options: ClientOptions = {},
  url: UrlSource = "wss://example.test/mqtt",
  thrown?: Error,
) {
  const previous = globalThis.WebSocket;
  FakeSocket.made = [];
  FakeSocket.thrown = thrown;
  globalThis.WebSocket = FakeSocket as unknown as typeof WebSocket;
  const end = new AbortController();
  t.after(async () => {
    await client.close({ force: true });
    globalThis.WebSocket = previous;
  });
  const glue = fakeGlue();
  let settle!: { resolve(glue: Glue): void; reject(error: Error): void };
  const loading = new Promise<Glue>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const client = new MqttClient(
    ({ dial }) => {
      dial();
      return loading;
    },
    url,
    options,
  );
  const started = client.start({ signal: end.signal });
  started.catch(() => {});
  const engine = async () => {
    settle.resolve(glue);
    await turn();
    return glue.engines[0] ?? assert.fail("no engine");
  };
  return { client, started, engine, fail: settle.reject, abort: () => end.abort() };
}

/** Takes the socket of the coming attempt as the engine does, and tells what that hears of it at once. */
async function listen(engine: Awaited<ReturnType<ReturnType<typeof starting>["engine"]>>, attempt = 1) {
  const { socket } = await resolveTarget(engine, attempt);
  if (!socket) return undefined;
  const heard: string[] = [];
  engine.host.onSocket(socket);
  socket.onopen = socket.onerror = socket.onclose = ({ type }: Event) => void heard.push(type);
  await turn();
  return { socket, heard };
}

test("it opens while the engine loads, and tells again what the engine missed", async (t) => {
  for (const [events, heard] of [
    [[], []],
    [["open"], ["open"]],
    [
      ["error", "close"],
      ["error", "close"],
    ],
    [
      ["open", "close"],
      ["open", "close"],
    ],
  ] as const) {
    const page = starting(t, { subprotocols: ["mqtt", "mqttv3.1"], username: "ada" });
    const [socket] = FakeSocket.made;
    assert.equal(socket?.url, "wss://example.test/mqtt");
    assert.deepEqual(socket.protocols, ["mqtt", "mqttv3.1"]);
    for (const type of events) socket.tell(type, type === "open" ? 1 : 3);
    const engine = await page.engine();
    const taken = await listen(engine);
    assert.equal(taken?.socket, socket);
    assert.deepEqual(taken.heard, heard);
    socket.tell("close", 3);
    assert.deepEqual(taken.heard, [...heard, "close"], "what comes later is heard once");
    assert.equal(socket.closed, 0);
    assert.equal((await resolveTarget(engine, 2)).socket, undefined, "it is for the first attempt");
    assert.equal(FakeSocket.made.length, 1);
  }
});

test("messages that come later go to the engine", async (t) => {
  const page = starting(t);
  const [socket] = FakeSocket.made;
  socket?.tell("open", 1);
  const engine = await page.engine();
  const taken = await listen(engine);
  (taken?.socket.onmessage as Listener)?.({ data: Uint8Array.of(1, 2).buffer } as unknown as Event);
  assert.deepEqual(engine.called("received"), [[1, 2]]);
});

test("the engine dials by itself when it is not clear what became of the socket", async (t) => {
  const forbidden = starting(t);
  FakeSocket.made[0]?.tell("error", 3); // a policy: some browsers tell no `close`
  assert.equal(await listen(await forbidden.engine()), undefined);

  const talkative = starting(t);
  const [socket] = FakeSocket.made;
  socket?.tell("open", 1);
  socket?.tell("message", 1);
  assert.equal(socket?.closed, 1, "nothing is kept of a server that speaks first");
  socket.tell("close", 3);
  assert.equal(await listen(await talkative.engine()), undefined);
});

test("a constructor that throws is the engine's to hear", async (t) => {
  const page = starting(t, {}, undefined, new Error("SecurityError"));
  assert.equal(await listen(await page.engine()), undefined);
  assert.equal(page.client.state, "connecting");
});

test("it is closed when the engine cannot be loaded, and at the end of the client", async (t) => {
  const failing = starting(t);
  const [first] = FakeSocket.made;
  failing.fail(new Error("HTTP 404"));
  await assert.rejects(failing.started, { code: "wasm-load-failed" });
  assert.equal(first?.closed, 1);

  const aborted = starting(t);
  const [second] = FakeSocket.made;
  second?.tell("open", 1);
  aborted.abort();
  await assert.rejects(aborted.started, { code: "aborted" });
  assert.equal(second?.closed, 1);
});

test("nothing opens before what has to come first", async (t) => {
  const authenticator = { method: "X", start: () => ({ data: new Uint8Array(1) }) };
  const cases: [ClientOptions, UrlSource?][] = [
    [{}, () => "wss://example.test/mqtt"],
    [{ credentials: () => ({ username: "ada" }) }],
    [{ authenticator } as ClientOptions],
    [{ webSocket: (url, protocols) => new FakeSocket(url, protocols) as unknown as WebSocket }],
    [{ clientId: "one of many tabs" }],
    [{ keepAlive: 65_536 }], // which the engine refuses
    [{ lifecycle: "close-when-hidden" }],
  ];
  for (const [options, url] of cases) {
    starting(t, options, url);
    assert.equal(FakeSocket.made.length, 0, Object.keys(options).join() || "a function as URL");
  }
  starting(t, SURE);
  assert.equal(FakeSocket.made.length, 1);
});

test("a client that is not started opens nothing", async (t) => {
  const page = starting(t); // for the fake
  FakeSocket.made = [];
  const client = new MqttClient(({ dial }) => {
    dial();
    return new Promise(() => {});
  }, "wss://example.test/mqtt");
  client.publish("a", "x").catch(() => {});
  assert.equal(FakeSocket.made.length, 0);
  await client.close({ force: true });
  await page.client.close({ force: true });
});
