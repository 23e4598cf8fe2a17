import type {
  EngineOptions,
  RawDisconnect,
  RawProperties,
  RawSubscribeOptions,
  RawUnsubscribeOptions,
  Target,
} from "./boundary.js";
import {
  ARRAY_BUFFER,
  BOOLEAN,
  BYTES,
  check,
  either,
  FUNCTION,
  INTEGER,
  invalidOption,
  NUMBER,
  OBJECT,
  oneOf,
  PAIRS,
  type Schema,
  STRING,
  STRINGS,
} from "./check.js";
import { defined, invalidArgument } from "./errors.js";
import type {
  ClientOptions,
  CloseOptions,
  Credentials,
  PublishOptions,
  ReconnectOptions,
  ReplyOptions,
  SubscribeOptions,
  UnsubscribeOptions,
  Will,
} from "./options.js";
import type { OperationOptions, Payload, QoS, UserProperties } from "./types.js";
import { assertWellFormed, encode } from "./utf8.js";

const QOS = oneOf(0, 1, 2);
const SWITCHABLE = either(oneOf(false), OBJECT);
const SECRET = either(STRING, BYTES);
const CONTROL: Schema = { signal: OBJECT, timeout: NUMBER };
const REPLY_PROPERTIES: Schema = {
  payloadFormatIndicator: BOOLEAN,
  messageExpiryInterval: INTEGER,
  contentType: STRING,
  userProperties: PAIRS,
};
const PUBLISH_PROPERTIES: Schema = { ...REPLY_PROPERTIES, responseTopic: STRING, correlationData: BYTES };
const REPLY: Schema = { ...CONTROL, ...REPLY_PROPERTIES, qos: QOS };
const UNTIL = oneOf("queued", "stored", "sent", "acknowledged");
const PUBLISH: Schema = { ...REPLY, ...PUBLISH_PROPERTIES, retain: BOOLEAN, until: UNTIL };
const WILL_PROPERTIES: Schema = { ...PUBLISH_PROPERTIES, delayInterval: INTEGER };
const WILL: Schema = {
  ...WILL_PROPERTIES,
  topic: STRING,
  payload: either(STRING, BYTES, ARRAY_BUFFER),
  qos: QOS,
  retain: BOOLEAN,
};
const USER_PROPERTIES: Schema = { userProperties: PAIRS };
const SUBSCRIPTION: Schema = {
  ...USER_PROPERTIES,
  qos: QOS,
  noLocal: BOOLEAN,
  retainAsPublished: BOOLEAN,
  retainHandling: QOS,
};
const SUBSCRIBE: Schema = { ...CONTROL, ...SUBSCRIPTION, buffer: OBJECT, copyPayload: BOOLEAN };
const UNSUBSCRIBE: Schema = { ...CONTROL, ...USER_PROPERTIES };
const BUFFER: Schema = { max: INTEGER, overflow: oneOf("drop-oldest", "drop-newest", "latest-per-topic") };
const DISCONNECT: Schema = {
  ...USER_PROPERTIES,
  reasonCode: INTEGER,
  sessionExpiryInterval: INTEGER,
  reasonString: STRING,
};
const CLOSE: Schema = { ...CONTROL, ...DISCONNECT, timeout: INTEGER, force: BOOLEAN };
const DELAYS: Schema = {
  minDelay: INTEGER,
  maxDelay: INTEGER,
  factor: NUMBER,
  jitter: NUMBER,
  maxAttempts: INTEGER,
  stableAfter: INTEGER,
};
const RECONNECT: Schema = { ...DELAYS, retryInitial: BOOLEAN, retryIf: FUNCTION };
const REDIRECT: Schema = { allow: FUNCTION, maxRedirects: INTEGER };
const USER: Schema = { username: STRING, password: SECRET };
export const CREDENTIALS: Schema = { ...USER, expiresIn: NUMBER };
export const INTRODUCTION: Schema = { data: BYTES, expiresIn: NUMBER };
const AUTHENTICATOR: Schema = { method: STRING, start: FUNCTION, respond: FUNCTION };
/** How long the server keeps a session whose messages outlive the page, in seconds. */
const ONE_DAY = 86_400;
const OVERFLOWS = ["reject", "drop-oldest", "drop-newest"] as const;
const LIFECYCLES = ["stay", "close-when-hidden"] as const;
const QUEUE_LIMITS: Schema = { maxMessages: INTEGER, maxBytes: INTEGER };
const OFFLINE_QUEUE: Schema = { ...QUEUE_LIMITS, overflow: oneOf(...OVERFLOWS) };
const STORE: Schema = {
  open: FUNCTION,
  name: STRING,
  fallback: oneOf("memory", "fail"),
  timeout: INTEGER,
  durability: oneOf("relaxed", "strict"),
};
const PROPERTIES: Schema = {
  ...USER_PROPERTIES,
  requestResponseInformation: BOOLEAN,
  requestProblemInformation: BOOLEAN,
};
/** Those that the engine takes as they are. */
const ENGINE: Schema = {
  cleanStart: BOOLEAN,
  sessionExpiryInterval: INTEGER,
  keepAlive: INTEGER,
  pingTimeout: INTEGER,
  connectTimeout: INTEGER,
  poisonLimit: INTEGER,
  requeueQos2: BOOLEAN,
  maximumPacketSize: INTEGER,
  receiveMaximum: INTEGER,
  topicAliasMaximum: INTEGER,
  manualAck: BOOLEAN,
};
const DEFAULTS = {
  keepAlive: 45,
  pingTimeout: 10_000,
  connectTimeout: 20_000,
  poisonLimit: 0,
  requeueQos2: false,
  maximumPacketSize: 16 * 2 ** 20,
  receiveMaximum: 65_535,
  topicAliasMaximum: 32,
  manualAck: false,
  minDelay: 1000,
  maxDelay: 60_000,
  factor: 2,
  jitter: 1,
  maxAttempts: 0,
  stableAfter: 10_000,
  maxMessages: 100_000,
  maxBytes: 16 * 2 ** 20,
};
const CLIENT: Schema = {
  protocolVersion: oneOf(4, 5, "auto"),
  clientId: STRING,
  whenClientIdInUse: oneOf("fail", "wait", "ignore"),
  will: OBJECT,
  ...USER,
  credentials: FUNCTION,
  authenticator: OBJECT,
  properties: OBJECT,
  subprotocols: STRINGS,
  reconnect: SWITCHABLE,
  lifecycle: oneOf(...LIFECYCLES),
  redirect: SWITCHABLE,
  offlineQueue: OBJECT,
  store: either(oneOf("memory", "indexeddb"), OBJECT),
  responseTopic: STRING,
  webSocket: FUNCTION,
  worker: either(BOOLEAN, FUNCTION),
  logger: OBJECT,
  ...ENGINE,
};

/** Checks everything that can be checked without the engine, and gives it the engine's shape. */
export function engineOptions(options: ClientOptions): Omit<EngineOptions, "servers"> {
  check(options, CLIENT);
  const { properties = {}, offlineQueue = {}, will } = options;
  const reconnect: ReconnectOptions = options.reconnect || {};
  check(properties, PROPERTIES, "properties.");
  check(offlineQueue, OFFLINE_QUEUE, "offlineQueue.");
  check(reconnect, RECONNECT, "reconnect.");
  const { redirect, store = "memory" } = options;
  if (typeof store === "object") check(store, STORE, "store.");
  const durable = store !== "memory";
  if (durable && !options.clientId)
    throw invalidOption("clientId", "`store` needs a `clientId` of your own.");
  if (durable && options.cleanStart)
    throw invalidOption("cleanStart", "Leave it out: `store` needs the session.");
  // What is required is checked like a value, so that it is found missing.
  if (redirect) check({ ...redirect, allow: redirect.allow ?? null }, REDIRECT, "redirect.");
  if (options.authenticator) check(options.authenticator, AUTHENTICATOR, "authenticator.");

  return {
    ...DEFAULTS,
    cleanStart: !durable,
    ...(durable && { sessionExpiryInterval: ONE_DAY }),
    ...fields<Partial<EngineOptions>>(ENGINE, options),
    ...fields<Partial<EngineOptions>>(PROPERTIES, properties),
    ...fields<Partial<EngineOptions>>(DELAYS, reconnect),
    ...fields<Partial<EngineOptions>>(QUEUE_LIMITS, offlineQueue),
    protocolVersion: options.protocolVersion === "auto" ? 0 : (options.protocolVersion ?? 0),
    clientId: options.clientId ?? `wasmqtt${randomText()}`,
    reconnect: options.reconnect !== false,
    maxRedirects: redirect ? (redirect.maxRedirects ?? 5) : 0,
    closeWhenHidden: options.lifecycle === LIFECYCLES[1],
    overflow: OVERFLOWS.indexOf(offlineQueue.overflow ?? "reject"),
    durable,
    seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    ...defined({ authenticationMethod: options.authenticator?.method, will: will && engineWill(will) }),
  };
}

/** User name and password as the engine takes them. */
export function credentialFields(credentials: Credentials): Pick<Target, "username" | "password"> {
  const { username, password } = credentials;
  return defined({ username, password: typeof password === "string" ? encode(password) : password });
}

/** The flags of a publish whose options are none but a right QoS and RETAIN; `undefined` of all others. */
export function plainFlags(options: PublishOptions): number | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  for (const name in options) if (name !== "qos" && name !== "retain") return undefined;
  const { qos = 0, retain = false } = options;
  const fits = (qos === 0 || qos === 1 || qos === 2) && typeof retain === "boolean";
  return fits ? flags({ qos, retain }) : undefined;
}

/** The numbers and properties that go with a payload. */
export function publishArguments(
  options: PublishOptions,
  isDurable = false,
): [flags: number, properties: RawProperties | undefined] {
  check(options, PUBLISH);
  const { qos = 0, until = "acknowledged" } = options;
  if (until === "stored" && !(isDurable && qos > 0)) {
    invalidArgument("until", "A message is stored with QoS 1 and 2, by a client with a `store`.");
  }
  return [
    flags(options) | (Number(until !== "acknowledged") << 3),
    fields<RawProperties>(PUBLISH_PROPERTIES, options),
  ];
}

export function subscribeArguments(options: SubscribeOptions): RawSubscribeOptions {
  check(options, SUBSCRIBE);
  check(options.buffer ?? {}, BUFFER, "buffer.");
  return {
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    ...fields<Partial<RawSubscribeOptions>>(SUBSCRIPTION, options),
  };
}

export function unsubscribeArguments(options: UnsubscribeOptions): RawUnsubscribeOptions {
  check(options, UNSUBSCRIBE);
  return fields<RawUnsubscribeOptions>(USER_PROPERTIES, options) ?? {};
}

export function closeArguments(options: CloseOptions): RawDisconnect {
  check(options, CLOSE);
  return {
    reasonCode: 0,
    drainTimeout: options.timeout ?? 5000,
    ...fields<Partial<RawDisconnect>>(DISCONNECT, options),
  };
}

/** Checks options of requests and replies: those of a publish that concern neither where it goes nor what it answers. */
export function checkReply(options: ReplyOptions): void {
  check(options, REPLY);
}

/** Checks options that have nothing but `signal` and `timeout`. */
export function checkControl(options: OperationOptions): void {
  check(options, CONTROL);
}

/** The bytes of a payload: the same ones for bytes, new ones for a string. */
export function payloadBytes(payload: Exclude<Payload, Blob>): Uint8Array {
  if (typeof payload === "string") {
    assertWellFormed(payload, "invalid-argument", "payload");
    return encode(payload);
  }
  if (payload instanceof Uint8Array) return payload;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  return invalidArgument(
    "payload",
    "Pass a string, Uint8Array, ArrayBuffer or Blob, or wrap an object in json().",
  );
}

function engineWill(will: Will): NonNullable<EngineOptions["will"]> {
  check(will, WILL, "will.");
  return {
    topic: will.topic,
    payload: payloadBytes(will.payload ?? ""),
    flags: flags(will),
    ...fields<RawProperties & { delayInterval?: number }>(WILL_PROPERTIES, will),
  };
}

function flags({ qos = 0, retain = false }: { qos?: QoS; retain?: boolean }): number {
  return qos | (Number(retain) << 2);
}

/** Those of `options` that `schema` names, as the engine takes them, if there are any. `T` is what it takes. */
function fields<T extends object>(schema: Schema, options: object): T | undefined {
  let found: Record<string, unknown> | undefined;
  for (const name in schema) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined) continue;
    found ??= {};
    found[name] = schema[name] === PAIRS ? (value as UserProperties).flat() : value;
  }
  return found as T | undefined;
}

/**
 * 16 letters and digits with 82 random bits. With seven more they make 23, which every 3.1.1 server must accept as a
 * Client Identifier (MQTT-3.1.3-5).
 */
export function randomText(): string {
  const letters = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(letters, (byte) => (byte % 36).toString(36)).join("");
}
