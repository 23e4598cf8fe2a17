import assert from "node:assert/strict";
import { test } from "node:test";
import { Topic } from "../../js/src/batch.js";
import { MqttError } from "../../js/src/errors.js";
import type { Message } from "../../js/src/message.js";
import type { BufferOptions } from "../../js/src/options.js";
import { ActiveSubscription, type MessageHandler, Subscriptions } from "../../js/src/subscription.js";
import { makeBatch, messageRecord } from "./support/fake.js";

/** Arguments of `deliver`: a message that waits for an acknowledgement when it has a token. */
const message = (topic: string, token = 0) =>
  [topic, makeBatch([messageRecord(1, "", { token })]), 0] as const;

function subscription({
  handler,
  buffer = {},
  filters = ["#"],
  copyPayload = false,
}: {
  handler?: MessageHandler;
  buffer?: BufferOptions;
  copyPayload?: boolean;
  filters?: string[];
} = {}) {
  const reports: MqttError[] = [];
  const calls: unknown[][] = [];
  const active = new ActiveSubscription(
    filters,
    handler,
    { buffer, copyPayload },
    {
      decode: () => "",
      decodeProperties: () => ({}),
      acknowledge: (...args) => void calls.push(["acknowledge", ...args]),
      wait: async (_, run) => {
        const promise = new Promise<void>((resolve, reject) => run({ resolve, reject } as never));
        await promise;
      },
      unsubscribe: async (...args) => void calls.push(["unsubscribe", ...args]),
      report: (error) => void reports.push(error),
    },
  );
  const deliver = (...topics: string[]) => {
    for (const topic of topics) active.deliver(...message(topic), "#");
  };
  return { active, reports, calls, deliver };
}

async function drain(active: ActiveSubscription): Promise<string[]> {
  const topics: string[] = [];
  active.end();
  for await (const message of active) topics.push(message.topic);
  return topics;
}

test("copyPayload: a message has bytes of its own, and all else as it came", () => {
  const chunk = Uint8Array.of(9, 9, 7, 1, 2, 3, 9, 9).buffer;
  const own = Uint8Array.of(7, 1, 2, 3);
  for (const [position = 0, detail = 0] of [
    [2, 0],
    [0, 1],
  ]) {
    // Flags 1 | 4, one byte of properties, three of payload, token 44.
    const record = [2, 1, 5, position, 1, 3, 44, detail];
    const words = Uint32Array.of(...new Array(8).fill(0), ...record) as Uint32Array<ArrayBuffer>;
    const seen: Message[] = [];
    const { active, calls } = subscription({ handler: (message) => seen.push(message), copyPayload: true });
    active.deliver("a", { words, count: 2, chunk, details: [own] }, 8, "#");
    const [message] = seen;
    assert.deepEqual(message?.payload, Uint8Array.of(1, 2, 3));
    assert.equal(message?.payload.buffer.byteLength, 4, "properties and payload, and nothing else");
    assert.ok(message.payload.buffer !== chunk && message.payload.buffer !== own.buffer);
    assert.deepEqual([message.qos, message.retain, message.dup], [1, true, false]);
    message.ack();
    assert.deepEqual(calls, [["acknowledge", 44, 0]]);
  }
});

test("without a handler messages wait for the loop", async () => {
  const { active, deliver } = subscription();
  deliver("a", "b");
  assert.deepEqual(await drain(active), ["a", "b"]);
  assert.equal(active.dropped, 0);
});

test("a waiting loop gets the next message, and the end", async () => {
  const { active, deliver } = subscription();
  const iterator = active[Symbol.asyncIterator]();
  const waiting = [iterator.next(), iterator.next(), iterator.next()];
  deliver("a", "b");
  active.end();
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ value }) => (value as Message | undefined)?.topic),
    ["a", "b", undefined],
  );
  assert.equal((await iterator.next()).done, true);
});

test("with a handler nothing is buffered until somebody iterates", async () => {
  const seen: string[] = [];
  const { active, deliver } = subscription({ handler: ({ topic }) => seen.push(topic) });
  deliver("a");
  active[Symbol.asyncIterator]();
  deliver("b");
  assert.deepEqual(seen, ["a", "b"]);
  assert.deepEqual(await drain(active), ["b"]);
});

test("leaving a loop keeps the subscription", async () => {
  const { active, deliver, calls } = subscription();
  deliver("a", "b", "c");
  for await (const { topic } of active) if (topic === "a") break;
  assert.deepEqual(calls, []);
  assert.deepEqual(await drain(active), ["b", "c"]);
});

test("drop-oldest is the default", async () => {
  const { active, deliver, reports } = subscription({ buffer: { max: 2 } });
  deliver("a", "b", "c", "d");
  assert.equal(active.dropped, 2);
  assert.deepEqual(
    reports.map(({ code }) => code),
    ["dropped-from-queue"],
    "told once, not per message",
  );
  assert.deepEqual(await drain(active), ["c", "d"]);
});

test("it is told again after the reader has caught up", async () => {
  const { active, deliver, reports } = subscription({ buffer: { max: 1 } });
  const iterator = active[Symbol.asyncIterator]();
  deliver("a", "b", "c");
  await iterator.next();
  deliver("d", "e");
  assert.equal(reports.length, 2);
});

test("drop-newest", async () => {
  const { active, deliver } = subscription({ buffer: { max: 2, overflow: "drop-newest" } });
  deliver("a", "b", "c");
  assert.equal(active.dropped, 1);
  assert.deepEqual(await drain(active), ["a", "b"]);
});

test("latest-per-topic keeps the newest of each topic in its place", async () => {
  const { active, reports } = subscription({ buffer: { max: 2, overflow: "latest-per-topic" } });
  active.deliver(...message("a", 1), "#");
  active.deliver(...message("b", 2), "#");
  active.deliver(...message("a", 3), "#");
  assert.equal(active.dropped, 1);
  active.end();
  const tokens: string[] = [];
  for await (const message of active) tokens.push(message.topic);
  assert.deepEqual(tokens, ["a", "b"]);
  assert.deepEqual(reports, [], "that is what was asked for");
});

test("latest-per-topic is bounded by the number of topics", async () => {
  const { active, deliver } = subscription({ buffer: { max: 2, overflow: "latest-per-topic" } });
  deliver("a", "b", "c");
  assert.equal(active.dropped, 1);
  assert.deepEqual(await drain(active), ["b", "c"]);
});

test("a dropped message does not leave the server waiting", () => {
  const { active, calls } = subscription({ buffer: { max: 1 } });
  active.deliver(...message("a", 41), "#");
  active.deliver(...message("b", 42), "#");
  assert.deepEqual(calls, [["acknowledge", 41, 0x97]]);
});

test("the loop throws when the client gave up, after what is buffered", async () => {
  const { active, deliver } = subscription();
  deliver("a");
  const error = new MqttError("session-taken-over");
  active.end(error);
  const iterator = active[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value?.topic, "a");
  await assert.rejects(iterator.next(), error);
  deliver("late");
  await assert.rejects(iterator.next(), error);
});

test("handlers that throw or reject are reported and disturb nobody", async () => {
  const thrown = new Error("sync");
  const rejected = new Error("async");
  let count = 0;
  const { deliver, reports } = subscription({
    handler: ({ topic }) => {
      count++;
      if (topic === "throw") throw thrown;
      return topic === "reject" ? Promise.reject(rejected) : undefined;
    },
  });
  deliver("throw", "reject", "fine");
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(count, 3);
  assert.deepEqual(
    reports.map(({ code, cause }) => [code, cause]),
    [
      ["handler-failed", thrown],
      ["handler-failed", rejected],
    ],
  );
});

test("unsubscribe ends delivery at once and asks only once", async () => {
  const seen: string[] = [];
  const { active, deliver, calls } = subscription({ handler: ({ topic }) => seen.push(topic) });
  const first = active.unsubscribe({ timeout: 5 });
  deliver("late");
  await Promise.all([first, active.unsubscribe()]);
  assert.deepEqual(seen, []);
  assert.deepEqual(calls, [["unsubscribe", active, {}]]);
  await assert.rejects(active.unsubscribe({ timeOut: 1 } as never), { code: "invalid-option" });
});

test("messages go to everybody they belong to, once each", () => {
  const subscriptions = new Subscriptions();
  const seen: string[] = [];
  const make = (name: string, filters: string[], ids: number[]) => {
    const handler: MessageHandler = ({ topic, params }) => seen.push(`${name}:${topic}:${params.join()}`);
    const { active } = subscription({ handler, filters });
    subscriptions.add(active, ids);
    return active;
  };
  make("one", ["a/+", "a/#"], [1, 2]);
  const two = make("two", ["a/+"], [1]);
  const deliver = (name: string, routes: number[]) => {
    const batch = makeBatch([messageRecord(1, "")]);
    subscriptions.deliver(new Topic(name, [...routes]), batch, 0);
  };
  deliver("a/b", [1, 2]);
  assert.deepEqual(seen, ["one:a/b:b", "two:a/b:b"]);

  seen.length = 0;
  two.end();
  deliver("a/c/d", [2]);
  deliver("a/e", [1]);
  deliver("x", [99]);
  deliver("x", []);
  assert.deepEqual(seen, ["one:a/c/d:c/d", "one:a/e:e"]);
});

test("who gets the messages of a topic follows the subscriptions", () => {
  const subscriptions = new Subscriptions();
  const seen: string[] = [];
  const make = (name: string) => {
    const { active } = subscription({ handler: () => void seen.push(name) });
    subscriptions.add(active, [1]);
    return active;
  };
  const topic = new Topic("a", [1]);
  const deliver = () => {
    seen.length = 0;
    subscriptions.deliver(topic, makeBatch([messageRecord(1, "")]), 0);
    return seen;
  };
  assert.deepEqual(deliver(), []);
  const one = make("one");
  assert.deepEqual(deliver(), ["one"]);
  make("two");
  assert.deepEqual(deliver(), ["one", "two"]);
  subscriptions.remove(one);
  assert.deepEqual(deliver(), ["two"]);
  subscriptions.drop(1, new MqttError("session-lost"));
  assert.deepEqual(deliver(), []);
});

test("references are counted per filter", () => {
  const subscriptions = new Subscriptions();
  const first = subscription({ filters: ["a", "b", "a"] }).active;
  const second = subscription({ filters: ["b"] }).active;
  subscriptions.add(first, [1, 2, 1]);
  subscriptions.add(second, [2]);
  assert.deepEqual(subscriptions.remove(first), [1]);
  assert.deepEqual(subscriptions.remove(first), []);
  assert.deepEqual(subscriptions.remove(second), [2]);
});

test("a loop that is left takes nothing with it", async () => {
  const { active, deliver } = subscription();
  const left = active[Symbol.asyncIterator]();
  const other = active[Symbol.asyncIterator]();
  const waiting = [left.next(), left.next(), other.next()];
  assert.deepEqual(await left.return?.(), { done: true, value: undefined });
  deliver("a", "b");
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ value }) => (value as Message | undefined)?.topic),
    [undefined, undefined, "a"],
  );
  assert.deepEqual(await left.next(), { done: true, value: undefined }, "it stays left");
  assert.equal(((await other.next()).value as Message).topic, "b");
});
