import { equal, ok, thrown, turn } from "./support/expect.js";
import { names, packets, publish } from "./support/packets.js";
import { CODE, next, Rig, SUBSCRIBE } from "./support/rig.js";

const NOTHING = new Uint8Array(0);

/** A rig with a hook that runs once, inside the next call of it. */
async function armed(module, name) {
  let run;
  const hook = (engine) => {
    const once = run;
    run = undefined;
    once?.(engine);
  };
  const rig = await new Rig(module, { [name]: hook }).connect();
  return {
    rig,
    arm: (what) => {
      run = what;
    },
    spent: () => run === undefined,
  };
}

export async function publishInsideTheSink(module) {
  const { rig, arm } = await armed(module, "onBatch");
  arm((engine) => engine.publish(next(), "out", NOTHING, 0, undefined));
  rig.socket.receive(publish("in", "x"));
  await turn();
  equal(names(rig.socket.sent), [["PUBLISH"]]);
  equal([rig.host.of("message").length, rig.host.of("completed").length], [1, 1], "messages, completed");
}

export async function everyCallInsideTheSink(module) {
  const { rig, arm, spent } = await armed(module, "onBatch");
  arm((engine) => {
    engine.start();
    engine.flush();
    engine.wake(0, false);
    engine.acknowledge(1, 0);
    equal(engine.stats().connections, 1, "connections");
    equal(engine.cancel(rig.publish("never", "", { qos: 1 })), false, "cancelled before it was sent");
    const [id] = engine.subscribe(next(), ["a"], SUBSCRIBE);
    engine.unsubscribe(next(), Uint32Array.of(id), {});
    engine.ping(next());
  });
  rig.socket.receive(publish("in", "x"));
  ok(spent(), "the sink was called");
  equal(rig.host.of("message").length, 1, "messages");
  rig.publish("after", "y");
  await turn();
  const topics = rig.socket.sent.flatMap(packets).filter(({ type }) => type === "PUBLISH");
  equal(topics.length, 2, "publishes");
  equal(rig.host.faults, 0, "faults");
}

export async function terminateInsideTheSink(module) {
  const { rig, arm } = await armed(module, "onBatch");
  arm((engine) => engine.terminate());
  rig.socket.receive(publish("in", "x"), publish("in", "y"));
  await turn();
  equal(rig.socket.closed, [[1000]], "closed");
  equal(rig.host.of("closed").length, 1, "closed records");
}

export async function callsInsideTheOtherCallbacks(module) {
  const seen = [];
  const inside = (name) => (engine) => {
    if (engine) seen.push([name, engine.stats().connections]);
    engine?.publish(next(), name, NOTHING, 0, undefined);
  };
  const hooks = {
    schedule: inside("schedule"),
    onSocket: inside("onSocket"),
    makeError: inside("makeError"),
  };
  const resolve = (attempt) => inside("resolve")(rig.engine, attempt);
  const rig = new Rig(module, { ...hooks, resolve });
  await rig.connect();
  thrown(() => rig.publish("a/#", ""));
  await turn();
  equal([...new Set(seen.map(([name]) => name))].sort(), ["makeError", "onSocket", "resolve", "schedule"]);
  ok(rig.host.of("completed").length > 0, "what they published was sent");
  equal(rig.host.faults, 0, "faults");
}

/** The length of a payload is asked for while the core is at work. Only a subclass can run code there. */
export async function callsWhileTheCoreRunsAreRefused(module) {
  const rig = await new Rig(module).connect();
  const { engine } = rig;
  const codes = [];
  class Curious extends Uint8Array {
    get length() {
      codes.push(thrown(() => engine.ping(next())).code, engine.stats().connections);
      engine.flush();
      engine.wake(0, false);
      return super.length;
    }
  }
  engine.publish(next(), "a", Curious.of(1, 2), 0, undefined);
  equal([...new Set(codes)], [CODE.engineCrashed, 0], "refusals");
  rig.publish("b", "still alive");
  await turn();
  equal(names(rig.socket.sent), [["PUBLISH", "PUBLISH"]]);
  equal(rig.host.faults, 0, "faults");
}

export async function anExceptionOfTheSinkIsSurvived(module) {
  const { rig, arm, spent } = await armed(module, "onBatch");
  arm(() => {
    throw new Error("sink");
  });
  rig.socket.receive(publish("in", "lost", { qos: 1, id: 1 }));
  ok(spent(), "the sink was called");
  rig.socket.receive(publish("in", "heard", { qos: 1, id: 2 }));
  await turn();
  equal(rig.host.of("message").length, 1, "messages");
  equal(names(rig.socket.sent).flat(), ["PUBACK", "PUBACK"]);
}

export async function exceptionsOfTheOtherCallbacksAreSurvived(module) {
  const boom = () => {
    throw new Error("host");
  };
  const { socket, host, engine } = await new Rig(module, { onSocket: boom }).connect();
  equal(names(socket.sent), [], "sent");
  socket.receive(publish("in", "x"));
  equal(host.of("message").length, 1, "messages");

  const { rig, arm } = await armed(module, "makeError");
  arm(boom);
  equal(thrown(() => rig.publish("a/#", "")).message, "host");
  equal(thrown(() => rig.publish("a/#", "")).code, CODE.invalidTopic);

  const other = await armed(module, "schedule");
  other.arm(boom);
  other.rig.publish("a", "waits for the next occasion");
  await turn();
  other.rig.socket.receive(publish("in", "x"));
  await turn();
  equal(names(other.rig.socket.sent), [["PUBLISH"]]);
  equal([host.faults, rig.host.faults, other.rig.host.faults, engine.ping(next())], [0, 0, 0, undefined]);
}

export async function aSmallMessageIsReadFromTheSlot(module) {
  const rig = await new Rig(module).connect();
  const { engine } = rig;
  const write = (...bytes) => new Uint8Array(module.memory.buffer, engine.slot(), 4096).set(bytes);
  const [JOINS, op] = [16, next()];
  write(0x61, 1, 2, 3);
  equal(engine.publishWritten(op, 1, 3, JOINS), false, "the first");
  equal(engine.publishWritten(next(), 1, 1, JOINS), true, "one that joins it");
  equal(engine.publishWritten(next(), 1, 0, JOINS | 4), true, "a retained one");
  write(0x61, 0xff, 0x23);
  for (const [topic, payload] of [
    [2, 1], // not UTF-8
    [0, 3],
    [1, 4096],
    [4097, 0],
    [0xffff_ffff, 0xffff_ffff],
  ])
    equal(thrown(() => engine.publishWritten(next(), topic, payload, 0)).code, CODE.invalidTopic);
  await turn();
  const bodies = rig.socket.sent.flatMap(packets).map(({ body }) => [...body]);
  const head = [0, 1, 0x61, 0];
  equal(bodies, [[...head, 1, 2, 3], [...head, 1], head]);
  equal(
    rig.host.of("completed").map(({ op }) => op),
    [op],
    "one operation",
  );
}

export async function refusalsAreMadeByTheHost(module) {
  const rig = new Rig(module);
  const { code, at, statement, retryable } = thrown(() => rig.publish("a/b#", ""));
  equal(
    { code, at, statement, retryable },
    { code: CODE.invalidTopic, at: 3, statement: (4 << 15) | (7 << 10) | 1, retryable: false },
  );
  equal(thrown(() => rig.engine.ping(next())).code, CODE.notConnected);
  rig.engine.terminate();
  const closed = thrown(() => rig.engine.start());
  equal([closed.code, closed.text, closed.statement], [CODE.clientClosed, undefined, 0]);
}
