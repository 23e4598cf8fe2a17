import { equal, ok, thrown, turn } from "./support/expect.js";
import { publish } from "./support/packets.js";
import { CODE, next, Rig, SUBSCRIBE } from "./support/rig.js";

const NOTHING = new Uint8Array(0);

/**
 * Runs `accident` while the core is at work: when it asks for the length of a payload. What is thrown there takes the
 * core's frames off the stack without a destructor, as every trap does.
 */
async function crash(module, accident) {
  class Payload extends Uint8Array {
    get length() {
      return accident();
    }
  }
  const rig = await new Rig(module).connect();
  rig.crashed = true;
  const error = thrown(() => rig.engine.publish(next(), "a", Payload.of(1), 0, undefined));
  return { rig, error };
}

/** Whatever is called afterwards is refused, and nothing hangs, traps again or reports. */
async function assertShut({ engine, host, socket }) {
  const { length } = host.records;
  const calls = {
    start: () => engine.start(),
    publish: () => engine.publish(next(), "a", NOTHING, 0, undefined),
    subscribe: () => engine.subscribe(next(), ["a"], SUBSCRIBE),
    unsubscribe: () => engine.unsubscribe(next(), Uint32Array.of(1), {}),
    cancel: () => engine.cancel(1),
    acknowledge: () => engine.acknowledge(1, 0),
    ping: () => engine.ping(next()),
    disconnect: () => engine.disconnect({ reasonCode: 0, drainTimeout: 0 }),
    terminate: () => engine.terminate(),
  };
  for (const [name, call] of Object.entries(calls)) equal(thrown(call).code, CODE.engineCrashed, name);
  engine.wake(0, false);
  engine.flush();
  ok(
    Object.values(engine.stats()).every((counter) => counter === 0),
    "counters are 0",
  );
  socket.receive(publish("a", "x"));
  socket.end();
  await turn();
  equal([host.records.length, socket.sent], [length, []], "records and sent");
}

export async function aPanicTellsEveryHost(module) {
  const bystander = await new Rig(module).connect();
  const freed = await new Rig(module).connect();
  freed.engine.free();
  const { rig, error } = await crash(module, () => module.panic());
  ok(error instanceof WebAssembly.RuntimeError, `a trap and not ${error}`);
  equal(
    [rig, bystander, freed].map(({ host }) => host.faults),
    [1, 1, 0],
    "faults",
  );
  await assertShut(rig);
}

export async function aTrapShutsTheEngine(module) {
  const { rig, error } = await crash(module, () => module.trap());
  ok(error instanceof WebAssembly.RuntimeError, `a trap and not ${error}`);
  equal(rig.host.faults, 0, "faults: no hook runs");
  await assertShut(rig);
}

export async function anExceptionThroughTheCoreShutsTheEngine(module) {
  const exhaust = () => exhaust() + 1;
  const { rig, error } = await crash(module, exhaust);
  ok(error instanceof RangeError || error.name === "InternalError", `an exhausted stack and not ${error}`);
  await assertShut(rig);
}
