import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR_CODES, reasonName } from "../../js/src/error-codes.js";
import { asMqttError, engineError, MqttError } from "../../js/src/errors.js";

test("every code has its own number and name, and a hint of one sentence", () => {
  assert.equal(new Set(ERROR_CODES.map(([number]) => number)).size, ERROR_CODES.length);
  assert.equal(new Set(ERROR_CODES.map(([, name]) => name)).size, ERROR_CODES.length);
  for (const [, name, , , hint] of ERROR_CODES) {
    assert.match(name, /^[a-z]+(-[a-z0-9]+)+$|^[a-z]+$/);
    assert.match(hint, /^[A-Z].{20,}[.]$/, name);
  }
});

test("an error says what, why and what to change", () => {
  const cause = new Error("inner");
  const error = new MqttError("connect-refused", { reasonCode: 0x87, reasonString: "expired", cause });
  assert.ok(error instanceof Error);
  assert.equal(error.name, "MqttError");
  assert.equal(error.code, "connect-refused");
  assert.equal(error.layer, "mqtt");
  assert.equal(error.retryable, false);
  assert.equal(error.reasonName, "Not authorized");
  assert.equal(error.cause, cause);
  assert.equal(error.message, `connect-refused (0x87 Not authorized): ${error.hint}`);
  assert.doesNotMatch(error.message, /expired/, "text from outside stays in its field");
  assert.equal("closeCode" in error, false, "what is unknown is absent");
});

test("an instance may override hint and retryable", () => {
  const error = new MqttError("provider-failed", {
    hint: "Log in again.",
    retryable: false,
    detail: "token",
  });
  assert.deepEqual([error.hint, error.retryable], ["Log in again.", false]);
  assert.equal(error.message, "provider-failed (token): Log in again.");
});

test("the engine's numbers become fields, -1 becomes absence", () => {
  const error = engineError(34, -1, -1, -1, undefined, "going away", 1001);
  assert.equal(error.code, "connection-closed");
  assert.equal(error.closeCode, 1001);
  assert.equal(error.reasonString, "going away");
  assert.equal(error.retryable, true);
  assert.deepEqual([error.reasonCode, error.offset, error.limit], [undefined, undefined, undefined]);

  const option = engineError(1, -1, -1, 65535, undefined, "keepAlive", -1);
  assert.match(option.message, /^invalid-option \(keepAlive\)/);
  assert.equal(option.limit, 65535);
  assert.equal(option.reasonString, undefined);

  const malformed = engineError(32, 0x81, 4, -1, "MQTT-1.5.4-1", undefined, -1);
  assert.deepEqual([malformed.offset, malformed.statement], [4, "MQTT-1.5.4-1"]);
});

test("the engine decides whether a refusal can be retried", () => {
  assert.equal(engineError(30, 0x88, -1, -1, undefined, undefined, -1, true).retryable, true);
  assert.equal(engineError(31, 0x98, -1, -1, undefined, undefined, -1, false).retryable, false);
  assert.equal(
    engineError(2, -1, 0, -1, undefined, undefined, -1, true).retryable,
    false,
    "a matter of the code",
  );
});

test("a number from another version is not a crash of its own", () => {
  assert.match(engineError(999, -1, -1, -1, undefined, undefined, -1).hint, /Update|Reload/);
});

test("names of reason codes", () => {
  assert.equal(reasonName(0x80), "Unspecified error");
  assert.equal(reasonName(0x8e), "Session taken over");
  assert.equal(reasonName(0xa2), "Wildcard Subscriptions not supported");
  assert.equal(reasonName(0xa3), undefined);
  assert.equal(reasonName(0), undefined);
});

test("foreign errors are wrapped, ours pass", () => {
  const ours = new MqttError("timeout");
  assert.equal(asMqttError(ours, "provider-failed"), ours);
  const foreign = new TypeError("x");
  assert.equal(asMqttError(foreign, "provider-failed").cause, foreign);
});
