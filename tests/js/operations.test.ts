import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompletedRecord } from "../../js/src/batch.js";
import { MqttError } from "../../js/src/errors.js";
import { Operations } from "../../js/src/operations.js";

const answer = (operation: number): CompletedRecord => ({
  kind: "completed",
  operation,
  status: 7,
  packetId: 0,
  reasonCodes: [],
  answer: undefined,
});
const never = () => assert.fail("must not be cancelled");

test("an operation settles with the answer to its number", async () => {
  const operations = new Operations();
  const first = operations.open({}, (record) => record.status, never);
  const second = operations.open({}, () => "second", never);
  assert.ok(first.id > 0 && second.id > first.id);
  operations.take(second.id)?.settle(answer(second.id));
  operations.take(first.id)?.settle(answer(first.id));
  assert.equal(await first.promise, 7);
  assert.equal(await second.promise, "second");
  assert.equal(operations.take(first.id), undefined, "only once");
});

test("abort before the call refuses it", () => {
  const operations = new Operations();
  const reason = new Error("user left");
  assert.throws(() => operations.open({ signal: AbortSignal.abort(reason) }, () => 0, never), {
    code: "aborted",
    cause: reason,
  });
});

test("abort later rejects, cancels, and a late answer finds nobody", async () => {
  const operations = new Operations();
  const controller = new AbortController();
  const cancelled: [number, string][] = [];
  const operation = operations.open(
    { signal: controller.signal },
    () => 0,
    ({ id }, { code }) => cancelled.push([id, code]),
  );
  const { id } = operation;
  controller.abort("enough");
  await assert.rejects(operation.promise, { code: "aborted", cause: "enough" });
  assert.deepEqual(cancelled, [[id, "aborted"]]);
  assert.equal(operations.take(id), undefined);
});

test("a timeout rejects", async () => {
  const operations = new Operations();
  const cancelled: string[] = [];
  const operation = operations.open(
    { timeout: 0 },
    () => 0,
    (_, { code }) => cancelled.push(code),
  );
  await assert.rejects(operation.promise, { code: "timeout", limit: 0, retryable: true });
  assert.deepEqual(cancelled, ["timeout"]);
});

test("whatever settles first wins, and lets go of the signal", async () => {
  const operations = new Operations();
  const controller = new AbortController();
  const removed: string[] = [];
  const remove = controller.signal.removeEventListener.bind(controller.signal);
  controller.signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    removed.push(type);
    remove(type, listener);
  };
  const operation = operations.open({ signal: controller.signal, timeout: 60_000 }, () => "done", never);
  operations.take(operation.id)?.settle(answer(operation.id));
  controller.abort();
  assert.equal(await operation.promise, "done");
  assert.deepEqual(removed, ["abort"]);
});

test("timeouts that timers cannot hold never fire", async () => {
  const operations = new Operations();
  for (const timeout of [2 ** 31, 1e15, Number.POSITIVE_INFINITY])
    operations.open({ timeout }, () => 0, never);
  await new Promise((resolve) => setTimeout(resolve, 20));
});

test("wrong signals and timeouts are refused", () => {
  const operations = new Operations();
  for (const timeout of [-1, Number.NaN, "5" as never]) {
    if (typeof timeout === "string") continue;
    assert.throws(() => operations.open({ timeout }, () => 0, never), { code: "invalid-argument" });
  }
  assert.throws(() => operations.open({ signal: {} as AbortSignal }, () => 0, never), {
    code: "invalid-argument",
  });
});

test("all of them can be rejected at once", async () => {
  const operations = new Operations();
  const error = new MqttError("client-closed");
  const waiting = [operations.open({}, () => 0, never), operations.open({ timeout: 60_000 }, () => 0, never)];
  operations.submitted(waiting[0] as never);
  operations.failAll(() => error);
  for (const { promise } of waiting) await assert.rejects(promise, error);
  operations.failAll(() => error);
});

test("the newest number is that of what the engine was told, in whatever order", () => {
  const operations = new Operations();
  const [first, second] = [operations.open({}, () => 0, never), operations.open({}, () => 0, never)];
  assert.equal(operations.newest, 0);
  operations.submitted(second);
  operations.submitted(first);
  assert.equal(operations.newest, second.id);
});
