// The clock, timers and events of a mini-program.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createThread } from "./double/thread.mjs";

function started(t) {
  const thread = createThread();
  t.after(thread.stop);
  const ran = [];
  return { thread, ran, note: (what) => () => ran.push(what) };
}

test("what falls due within a skip runs in the order of its time, also when it is set on the way", async (t) => {
  const { thread, ran, note } = started(t);
  thread.timer(note("second"), 20_000);
  thread.timer(() => {
    ran.push("first");
    thread.timer(note("third"), 30_000);
    thread.post(note("event"));
  }, 10_000);
  thread.timer(note("never"), 90_000);
  const gone = thread.timer(note("cleared"), 15_000);
  thread.clear(gone);
  await thread.skip(60_000);
  assert.deepEqual(ran, ["first", "event", "second", "third"]);
});

test("an interval runs once for each time in a skip, and once for all that it missed while frozen", async (t) => {
  const { thread, ran, note } = started(t);
  thread.timer(note("tick"), 60_000, true);
  await thread.skip(210_000);
  assert.equal(ran.length, 3);
  thread.freeze();
  await thread.skip(3_600_000);
  assert.equal(ran.length, 3);
  thread.thaw();
  await thread.skip(0);
  assert.equal(ran.length, 4);
});

test("a frozen thread runs timers of the host only; events wait in order", async (t) => {
  const { thread, ran, note } = started(t);
  thread.timer(note("own"), 1000);
  thread.hostTimer(note("host"), 2000);
  thread.freeze();
  thread.post(note("a"));
  thread.post(note("b"));
  await thread.skip(5000);
  assert.deepEqual(ran, ["host"]);
  thread.thaw();
  await thread.skip(1000);
  assert.deepEqual(ran.toSorted(), ["a", "b", "host", "own"]);
  assert.ok(ran.indexOf("a") < ran.indexOf("b"));
});

test("errors are kept, and a stopped thread runs nothing", async (t) => {
  const { thread, ran, note } = started(t);
  thread.post(() => {
    throw new Error("mine");
  });
  thread.post(note("next"));
  await thread.skip(10);
  await thread.skip(10);
  assert.deepEqual([thread.uncaught.map(({ message }) => message), ran], [["mine"], ["next"]]);
  thread.timer(note("late"), 1);
  thread.stop();
  thread.post(note("late"));
  await thread.skip(1000);
  assert.deepEqual(ran, ["next"]);
});
