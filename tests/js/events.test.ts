import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../js/src/events.js";

interface Events {
  a: number;
  b: string;
}

function emitter(thrown: unknown[] = []) {
  return new Emitter<Events>(["a", "b"], (error, type) => thrown.push([error, type]));
}

test("listeners are called in order, until they are off", () => {
  const events = emitter();
  const seen: string[] = [];
  const off = events.on("a", (value) => seen.push(`first ${value}`));
  events.on("a", (value) => seen.push(`second ${value}`));
  events.emit("a", 1);
  off();
  off();
  events.emit("a", 2);
  assert.deepEqual(seen, ["first 1", "second 1", "second 2"]);
});

test("the same function added twice is two listeners", () => {
  const events = emitter();
  let count = 0;
  const listener = () => void count++;
  const off = events.on("a", listener);
  events.on("a", listener);
  events.emit("a", 0);
  off();
  events.emit("a", 0);
  assert.equal(count, 3);
});

test("a running emit sees neither new nor removed listeners", () => {
  const events = emitter();
  const seen: string[] = [];
  let off = () => {};
  events.on("a", () => {
    seen.push("one");
    off();
    events.on("a", () => seen.push("late"));
  });
  off = events.on("a", () => seen.push("two"));
  events.emit("a", 0);
  assert.deepEqual(seen, ["one", "two"]);
  assert.ok(events.has("a"));
});

test("a signal ends listening and is let go of", () => {
  const events = emitter();
  const controller = new AbortController();
  let count = 0;
  events.on("b", () => void count++, controller.signal);
  events.emit("b", "");
  controller.abort();
  events.emit("b", "");
  assert.equal(count, 1);
  assert.equal(events.has("b"), false);
  events.on("b", () => void count++, controller.signal);
  assert.equal(events.has("b"), false, "aborted before");
});

test("what a listener throws disturbs nobody", () => {
  const thrown: unknown[] = [];
  const events = emitter(thrown);
  const error = new Error("boom");
  const seen: number[] = [];
  events.on("a", () => {
    throw error;
  });
  events.on("a", (value) => seen.push(value));
  events.emit("a", 5);
  assert.deepEqual(seen, [5]);
  assert.deepEqual(thrown, [[error, "a"]]);
});

test("an asynchronous listener that fails disturbs nobody either", async () => {
  const thrown: unknown[] = [];
  const events = emitter(thrown);
  const error = new Error("boom");
  events.on("a", async () => {
    await undefined;
    throw error;
  });
  events.emit("a", 5);
  assert.deepEqual(thrown, []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(thrown, [[error, "a"]]);
});

test("an unknown event and a listener that is none are refused", () => {
  const events = emitter();
  assert.throws(() => events.on("connected" as "a", () => {}), {
    code: "invalid-argument",
    hint: "Use one of a, b.",
  });
  assert.throws(() => events.on("a", undefined as never), { code: "invalid-argument" });
});
