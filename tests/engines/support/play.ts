// A schedule of calls, packets, pauses and losses that a seed decides.
import { Server } from "./server.js";
import type { World } from "./world.js";

const TOPICS = ["a", "home/kitchen/lamp", "收费站/🛣️", "a/b/c/d/e", "$SYS/load"];
const FILTERS = ["a", "home/+/lamp", "#", "收费站/#", "$share/g/a"];
const STEPS = 120;

/** Plays a schedule with a server that answers. */
export async function play(world: World, version: 4 | 5, seed: number): Promise<void> {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const limits = { properties: { receiveMaximum: 5, topicAliasMaximum: 3, serverKeepAlive: 20 } };
  const server = new Server(world, version, version === 5 ? limits : {});
  let subscriptions: number[] = [];
  let identifier = 0;

  const connect = async () => {
    server.reset();
    await world.open();
    await server.answer();
    server.sessionPresent = true;
  };
  const payload = () => Uint8Array.from({ length: pick([0, 1, 20, 300, 5000]) }, () => below(256));
  const properties = () =>
    version === 5 && below(2)
      ? { contentType: "text/plain", correlationData: payload(), userProperties: ["k", "v", "k", "é"] }
      : undefined;

  await world.start();
  await connect();
  for (let step = 0; step < STEPS; step++) {
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        world.call("publish", (raw, operation) =>
          raw.publish(operation, pick(TOPICS), payload(), below(3), properties()),
        );
        break;
      case 3: {
        const qos = below(3);
        const filters = [pick(FILTERS), pick(FILTERS)];
        const options = { qos, noLocal: false, retainAsPublished: false, retainHandling: 0 };
        const ids = world.call("subscribe", (raw, operation) => raw.subscribe(operation, filters, options));
        subscriptions.push(...(ids ?? []));
        break;
      }
      case 4:
        if (subscriptions.length > 0) {
          const ids = Uint32Array.from([pick(subscriptions)]);
          subscriptions = subscriptions.filter((id) => id !== ids[0]);
          world.call("unsubscribe", (raw, operation) => raw.unsubscribe(operation, ids, {}));
        }
        break;
      case 5:
      case 6:
      case 7: {
        const packets = Array.from({ length: 1 + below(4) }, () => {
          const qos = below(3);
          if (qos > 0) identifier = (identifier % 65_535) + 1;
          const extra =
            version === 5 && below(2)
              ? { properties: { contentType: "x", messageExpiryInterval: below(9) } }
              : {};
          const messageId = qos > 0 ? { messageId: identifier } : {};
          const message = {
            topic: pick(TOPICS),
            payload: Buffer.from(payload()),
            qos,
            retain: below(4) === 0,
          };
          return server.bytes({ cmd: "publish", dup: false, ...message, ...messageId, ...extra });
        });
        const bytes = Buffer.concat(packets);
        const cut = below(bytes.length);
        await world.receive(bytes.subarray(0, cut));
        await world.receive(bytes.subarray(cut));
        break;
      }
      case 8: {
        await world.settle();
        for (const token of world.tokens.splice(0)) {
          if (below(3) > 0) world.call("acknowledge", (raw) => raw.acknowledge(token, 0));
        }
        break;
      }
      case 9:
        await world.advance(pick([10, 1_000, 16_000]));
        break;
      case 10:
        server.silent = below(3) === 0;
        await world.advance(pick([0, 5_000, 40_000]));
        server.silent = false;
        break;
      default:
        if (below(3) > 0) await world.cut(pick([1006, 1000, 4000]), pick(["", "bye"]));
        else world.call("ping", (raw, operation) => raw.ping(operation));
    }
    await world.settle();
    await server.answer(pick([1, 7, Number.POSITIVE_INFINITY]));
    if (world.socket?.readyState === 3) await world.advance(30_000);
    if (world.socket?.readyState === 0) await connect();
  }
  world.tell(
    "stats",
    world.call("stats", (raw) => raw.stats()),
  );
  if (world.store.size > 0) await again(world, connect);
  world.call("disconnect", (raw) => raw.disconnect({ reasonCode: 0, drainTimeout: 1_000 }));
  await world.settle();
  await server.answer();
  await world.advance(10_000);
}

/** The tab has crashed; the next one has the store. */
async function again(world: World, connect: () => Promise<void>): Promise<void> {
  world.engine.free();
  await world.settle();
  world.tell("again", world.store.size);
  await world.start();
  await connect();
}

/** Numbers from 0 to 1, always the same (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
