import assert from "node:assert/strict";
import { test } from "node:test";
import {
  closeArguments,
  engineOptions,
  payloadBytes,
  publishArguments,
  subscribeArguments,
} from "../../js/src/normalize.js";
import type { ClientOptions } from "../../js/src/options.js";

const invalid = (detail: string, hint: RegExp) => ({
  code: "invalid-option",
  message: new RegExp(`^invalid-option \\(${detail.replaceAll(".", "\\.")}\\)`),
  hint,
});

test("defaults", () => {
  const { clientId, seed, ...others } = engineOptions({});
  assert.match(clientId, /^wasmqtt[0-9a-z]{16}$/);
  assert.notEqual(clientId, engineOptions({}).clientId);
  assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32);
  assert.deepEqual(others, {
    protocolVersion: 0,
    cleanStart: true,
    keepAlive: 45,
    connectTimeout: 20_000,
    pingTimeout: 10_000,
    maximumPacketSize: 16_777_216,
    receiveMaximum: 65_535,
    topicAliasMaximum: 32,
    reconnect: true,
    minDelay: 1000,
    maxDelay: 60_000,
    factor: 2,
    jitter: 1,
    maxAttempts: 0,
    stableAfter: 10_000,
    maxRedirects: 0,
    poisonLimit: 0,
    closeWhenHidden: false,
    maxMessages: 100_000,
    maxBytes: 16_777_216,
    overflow: 0,
    manualAck: false,
    requeueQos2: false,
    durable: false,
  });
});

test("a store changes the defaults of the session, and refuses what would end it", () => {
  const { cleanStart, sessionExpiryInterval, durable } = engineOptions({
    store: "indexeddb",
    clientId: "ada",
  });
  assert.deepEqual([cleanStart, sessionExpiryInterval, durable], [false, 86_400, true]);
  const own = {
    open: () => ({}) as never,
    name: "n",
    fallback: "fail",
    timeout: 1,
    durability: "strict",
  } as const;
  assert.equal(
    engineOptions({ store: own, clientId: "ada", sessionExpiryInterval: 7 }).sessionExpiryInterval,
    7,
  );
  assert.equal(engineOptions({ store: "memory" }).durable, false);

  const refused = (options: object) => () =>
    engineOptions({ store: "indexeddb", clientId: "ada", ...options });
  assert.throws(refused({ clientId: undefined }), invalid("clientId", /of your own/));
  assert.throws(refused({ clientId: "" }), invalid("clientId", /of your own/));
  assert.throws(refused({ cleanStart: true }), invalid("cleanStart", /session/));
  assert.throws(refused({ store: "localStorage" }), invalid("store", /"indexeddb"/));
  assert.throws(refused({ store: null }), invalid("store", /"indexeddb"/));
  assert.throws(refused({ store: { fallback: "none" } }), invalid("store.fallback", /"fail"/));
  assert.throws(refused({ store: { timeOut: 1 } }), invalid("store.timeOut", /`timeout`/));
  assert.throws(refused({ store: { open: "indexeddb" } }), invalid("store.open", /function/));
});

test("everything that is set reaches the engine", () => {
  const options = engineOptions({
    protocolVersion: 4,
    clientId: "",
    cleanStart: false,
    sessionExpiryInterval: 60,
    keepAlive: 0,
    properties: {
      requestProblemInformation: false,
      requestResponseInformation: true,
      userProperties: [
        ["a", "1"],
        ["a", "2"],
      ],
    },
    reconnect: { minDelay: 1, maxDelay: 2, factor: 1.5, jitter: 0, maxAttempts: 3, stableAfter: 4 },
    redirect: { allow: () => undefined, maxRedirects: 9 },
    lifecycle: "close-when-hidden",
    poisonLimit: 8,
    offlineQueue: { maxMessages: 5, maxBytes: 6, overflow: "drop-newest" },
    will: {
      topic: "gone",
      payload: "bye",
      qos: 2,
      retain: true,
      delayInterval: 9,
      contentType: "text/plain",
    },
    requeueQos2: true,
    manualAck: true,
  });
  const {
    seed,
    connectTimeout,
    pingTimeout,
    maximumPacketSize,
    receiveMaximum,
    topicAliasMaximum,
    ...others
  } = options;
  assert.deepEqual(others, {
    protocolVersion: 4,
    clientId: "",
    cleanStart: false,
    sessionExpiryInterval: 60,
    keepAlive: 0,
    requestProblemInformation: false,
    requestResponseInformation: true,
    userProperties: ["a", "1", "a", "2"],
    reconnect: true,
    minDelay: 1,
    maxDelay: 2,
    factor: 1.5,
    jitter: 0,
    maxAttempts: 3,
    stableAfter: 4,
    maxRedirects: 9,
    closeWhenHidden: true,
    poisonLimit: 8,
    maxMessages: 5,
    maxBytes: 6,
    overflow: 2,
    will: {
      topic: "gone",
      payload: new TextEncoder().encode("bye"),
      flags: 6,
      delayInterval: 9,
      contentType: "text/plain",
    },
    requeueQos2: true,
    durable: false,
    manualAck: true,
  });
  assert.equal(engineOptions({ reconnect: false }).reconnect, false);
  assert.equal(engineOptions({ protocolVersion: "auto" }).protocolVersion, 0);
  assert.equal(engineOptions({ protocolVersion: 5 }).protocolVersion, 5);
});

test("neither secrets nor functions cross with the options", () => {
  const options = engineOptions({
    username: "ada",
    password: "hunter2",
    credentials: () => ({}),
    logger: console,
  });
  assert.doesNotMatch(JSON.stringify(options), /ada|hunter2/);
  assert.ok(Object.values(options).every((value) => typeof value !== "function"));
});

test("undefined is as good as absent", () => {
  const options = {
    keepAlive: undefined,
    username: undefined,
    will: undefined,
    reconnect: undefined,
  } as unknown as ClientOptions;
  assert.equal(engineOptions(options).keepAlive, 45);
});

test("unknown names are refused with a guess", () => {
  const guesses: [name: string, guess: RegExp][] = [
    ["keepalive", /`keepAlive`/],
    ["clientID", /`clientId`/],
    ["client_id", /`clientId`/],
    ["clean", /`cleanStart`/],
    ["reconnectPeriod", /`reconnect`/],
    ["userName", /`username`/],
    ["zzz", /no such option/],
    ["constructor", /no such option/],
    ["__proto__x", /no such option/],
  ];
  for (const [name, hint] of guesses)
    assert.throws(() => engineOptions({ [name]: 1 } as ClientOptions), invalid(name, hint));
  assert.throws(
    () => engineOptions({ reconnect: { delay: 5 } as never }),
    invalid("reconnect.delay", /no such/),
  );
  assert.throws(
    () => engineOptions({ will: { topic: "t", quality: 1 } as never }),
    invalid("will.quality", /no such/),
  );
});

test("wrong types are refused by name", () => {
  const wrong: [options: object, name: string, hint: RegExp][] = [
    [{ clientId: 5 }, "clientId", /must be a string/],
    [{ cleanStart: 1 }, "cleanStart", /must be a boolean/],
    [{ keepAlive: "45" }, "keepAlive", /whole number/],
    [{ keepAlive: -1 }, "keepAlive", /0 or more/],
    [{ keepAlive: 1.5 }, "keepAlive", /whole number/],
    [{ connectTimeout: Number.NaN }, "connectTimeout", /whole number/],
    [{ protocolVersion: 3 }, "protocolVersion", /one of 4, 5, "auto"/],
    [{ credentials: {} }, "credentials", /must be a function/],
    [{ password: 1234 }, "password", /string or a Uint8Array/],
    [{ subprotocols: "mqtt" }, "subprotocols", /list of strings/],
    [{ reconnect: true }, "reconnect", /false or an object/],
    [{ reconnect: { jitter: Number.POSITIVE_INFINITY } }, "reconnect.jitter", /finite/],
    [
      { offlineQueue: { overflow: "latest" } },
      "offlineQueue.overflow",
      /"reject", "drop-oldest", "drop-newest"/,
    ],
    [{ properties: { userProperties: { a: "1" } } }, "properties.userProperties", /\[name, value\] pairs/],
    [{ properties: { userProperties: [["a"]] } }, "properties.userProperties", /pairs/],
    [{ will: "bye" }, "will", /must be an object/],
    [{ will: { topic: "t", payload: {} } }, "will.payload", /string or a Uint8Array or an ArrayBuffer/],
    [{ logger: null }, "logger", /must be an object/],
  ];
  for (const [options, name, hint] of wrong)
    assert.throws(() => engineOptions(options as ClientOptions), invalid(name, hint));
  assert.throws(() => engineOptions(null as never), invalid("options", /object/));
});

test("a refused password is not quoted", () => {
  assert.throws(
    () => engineOptions({ password: ["hunter2"] as never }),
    (error: Error) => !/hunter2/.test(error.message),
  );
});

test("lone surrogates are refused in any text", () => {
  assert.throws(() => engineOptions({ clientId: "a\ud800" }), invalid("clientId", /surrogate/));
  assert.throws(() => engineOptions({ password: "\udc00" }), invalid("password", /surrogate/));
  assert.throws(
    () => publishArguments({ userProperties: [["a", "\ud83d"]] }),
    invalid("userProperties", /surrogate/),
  );
  assert.throws(() => payloadBytes("half \ud83d"), { code: "invalid-argument" });
  assert.deepEqual(payloadBytes("whole 👋"), new TextEncoder().encode("whole 👋"));
});

test("the surrogate check works where strings cannot tell", () => {
  const prototype = String.prototype as { isWellFormed?: unknown };
  const native = prototype.isWellFormed;
  delete prototype.isWellFormed;
  try {
    assert.throws(() => payloadBytes("\ud800"), { code: "invalid-argument" });
    assert.throws(() => payloadBytes("a\udc00\ud800"), { code: "invalid-argument" });
    assert.equal(payloadBytes("👋").length, 4);
  } finally {
    Object.defineProperty(prototype, "isWellFormed", { value: native, configurable: true, writable: true });
  }
});

test("payloads", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
  assert.equal(payloadBytes(bytes), bytes);
  assert.deepEqual(payloadBytes(Uint8Array.of(5).buffer), Uint8Array.of(5));
  assert.equal(payloadBytes("").length, 0);
  for (const value of [{}, 5, null, undefined, [1]]) {
    assert.throws(() => payloadBytes(value as never), { code: "invalid-argument", hint: /json\(\)/ });
  }
});

test("publish options become flags and properties", () => {
  assert.deepEqual(publishArguments({}), [0, undefined]);
  assert.deepEqual(publishArguments({ qos: 2, retain: true, timeout: 5 }), [6, undefined]);
  assert.deepEqual(publishArguments({ messageExpiryInterval: 0, userProperties: [["k", "v"]] }), [
    0,
    { messageExpiryInterval: 0, userProperties: ["k", "v"] },
  ]);
  assert.deepEqual(publishArguments({ qos: 1, until: "acknowledged" }), [1, undefined]);
  assert.deepEqual(publishArguments({ qos: 1, until: "sent" }), [9, undefined]);
  assert.deepEqual(publishArguments({ qos: 2, until: "queued" }), [10, undefined]);
  assert.deepEqual(publishArguments({ qos: 1, until: "stored" }, true), [9, undefined]);
  const unstored = { code: "invalid-argument", hint: /QoS 1 and 2/ };
  assert.throws(() => publishArguments({ qos: 1, until: "stored" }), unstored);
  assert.throws(() => publishArguments({ until: "stored" }, true), unstored);
  assert.throws(() => publishArguments({ qos: 3 as never }), invalid("qos", /one of 0, 1, 2/));
  assert.throws(() => publishArguments({ retained: true } as never), invalid("retained", /`retain`/));
});

test("subscribe and close options", () => {
  assert.deepEqual(subscribeArguments({}), {
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
  });
  assert.throws(
    () => subscribeArguments({ buffer: { max: "1" } as never }),
    invalid("buffer.max", /whole number/),
  );
  assert.throws(
    () => subscribeArguments({ buffer: { overflow: "drop" } as never }),
    invalid("buffer.overflow", /latest-per-topic/),
  );
  assert.deepEqual(closeArguments({}), { reasonCode: 0, drainTimeout: 5000 });
  assert.deepEqual(closeArguments({ timeout: 1, reasonCode: 4, reasonString: "bye" }), {
    reasonCode: 4,
    drainTimeout: 1,
    reasonString: "bye",
  });
});
