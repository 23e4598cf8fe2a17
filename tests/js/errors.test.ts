import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOSE_HINTS, ERROR_CODES, REASON_HINTS, reasonName } from "../../js/src/error-codes.js";
import { asMqttError, engineError, MqttError } from "../../js/src/errors.js";
import "../../js/src/miniprogram/error-codes.js";

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

  const malformed = engineError(32, 0x81, 4, -1, (1 << 15) | (5 << 10) | (4 << 5) | 1, undefined, -1);
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

test("a reason or a close code that says more has a hint of its own", () => {
  const refused = (reason: number) => engineError(30, reason, -1, -1, undefined, undefined, -1);
  assert.match(refused(0x89).hint, /busy/);
  assert.match(refused(0x80).hint, /user name/, "the hint of the code");
  const closed = (number: number, code: number) =>
    engineError(number, -1, -1, -1, undefined, undefined, code).hint;
  assert.match(closed(46, 1008), /password/);
  const ended = (after: number) =>
    engineError(34, -1, -1, -1, undefined, undefined, 1006, true, undefined, undefined, 2, after, 1, 0).hint;
  assert.match(ended(100), /clientId/, "soon after CONNACK");
  assert.match(ended(60_000), /idle limits/);
  assert.match(closed(34, 1012), /restarts/);
  assert.match(closed(34, 1006), /idle limits/);
  assert.match(closed(46, 1006), /CONNECT/);
  assert.match(closed(47, 1009), /too large/);
  const broken = (stage: number) =>
    engineError(33, 0x82, -1, -1, undefined, undefined, -1, true, undefined, undefined, stage, 1, 1, -1).hint;
  assert.match(broken(1), /leads to an MQTT listener/, "before CONNACK there may be no broker at all");
  assert.match(broken(2), /broke the rule/);
  for (const hint of [...Object.values(REASON_HINTS), ...Object.values(CLOSE_HINTS)]) {
    assert.match(hint, /^[A-Z].{20,}[.]$/);
  }
});

test("an end of a connection carries what was seen of it, and of the page", (t) => {
  const page = { document: { visibilityState: "hidden" }, navigator: { onLine: false } };
  for (const [name, value] of Object.entries(page)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true });
    t.after(() =>
      before ? Object.defineProperty(globalThis, name, before) : Reflect.deleteProperty(globalThis, name),
    );
  }
  const seen = (stage: number, silent: number) =>
    engineError(34, -1, -1, -1, undefined, undefined, 1006, true, undefined, undefined, stage, 42, 3, silent)
      .evidence;
  const rest = { elapsed: 42, attempt: 3, visibility: "hidden", online: false };
  assert.deepEqual(seen(0, -1), { phase: "dialing", ...rest });
  assert.deepEqual(seen(1, -1), { phase: "handshake", ...rest });
  assert.deepEqual(seen(2, 7), { phase: "connected", silent: 7, ...rest });
  assert.equal("evidence" in engineError(4, -1, -1, -1, undefined, undefined, -1), false);
});

test("where there is no page, none is made up", () => {
  const { evidence } = engineError(
    39,
    -1,
    -1,
    -1,
    undefined,
    undefined,
    1006,
    true,
    undefined,
    undefined,
    0,
    5,
    1,
    -1,
  );
  assert.deepEqual(evidence, { phase: "dialing", elapsed: 5, attempt: 1 });
});

test("the failure that led to an attempt is its cause", () => {
  const cause = engineError(46, -1, -1, -1, undefined, undefined, 1002);
  assert.equal(engineError(30, 0x87, -1, -1, undefined, undefined, -1, false, undefined, cause).cause, cause);
  assert.equal("cause" in engineError(30, 0x87, -1, -1, undefined, undefined, -1), false);
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
