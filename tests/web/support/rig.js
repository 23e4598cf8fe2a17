import { Clock } from "./clock.js";
import { turn, until } from "./expect.js";
import { Host } from "./host.js";
import { connack } from "./packets.js";

/** What an engine is made with where a case says nothing else. Timers are far away. */
const OPTIONS = {
  protocolVersion: 5,
  clientId: "c",
  cleanStart: true,
  sessionExpiryInterval: 0,
  keepAlive: 0,
  connectTimeout: 3_600_000,
  pingTimeout: 10_000,
  maximumPacketSize: 16 * 2 ** 20,
  receiveMaximum: 65_535,
  topicAliasMaximum: 0,
  reconnect: true,
  minDelay: 0,
  maxDelay: 0,
  factor: 2,
  jitter: 0,
  maxAttempts: 0,
  stableAfter: 0,
  maxMessages: 1000,
  maxBytes: 16 * 2 ** 20,
  overflow: 0,
  manualAck: false,
  requeueQos2: false,
  seed: 1,
};
export const SUBSCRIBE = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 };

/** Codes of `ErrorCode` in `src/error.rs`. */
export const CODE = {
  invalidOption: 1,
  invalidTopic: 2,
  clientClosed: 7,
  unsupportedInVersion: 9,
  notConnected: 13,
  providerTimeout: 14,
  poisonMessage: 24,
  connectRefused: 30,
  connectionClosed: 34,
  connectTimeout: 35,
  keepAliveTimeout: 36,
  subprotocolRejected: 37,
  connectFailed: 39,
  textFrame: 42,
  tooManyRedirects: 43,
  insecureUrl: 50,
  invalidUrl: 51,
  blockedByCsp: 52,
  engineCrashed: 60,
  providerFailed: 63,
  storeDamaged: 66,
};

const rigs = [];
let MqttEngine;

/** An engine with its host. `hooks` are those of `Host`. */
let last = 0;

/** A number for an operation that no engine has seen. */
export const next = () => ++last;

export class Rig {
  /** Set by a case that has broken its engine: nothing of it may be called any more. */
  crashed = false;

  constructor(module, { options = {}, ...hooks } = {}) {
    MqttEngine ??= classOf(module);
    this.host = new Host(module.memory, hooks);
    this.engine = new MqttEngine(this.host, { ...OPTIONS, ...options });
    this.host.engine = this.engine;
    rigs.push(this);
  }

  /** The socket in use. */
  get socket() {
    return this.host.sockets.at(-1);
  }

  /** Starts, and waits until it listens to a socket. */
  async start() {
    this.engine.start();
    await until(() => this.socket?.onopen, "a socket in use");
    return this;
  }

  /** Goes on until CONNACK was taken in, and forgets how it came so far. */
  async connect(answer) {
    await this.start();
    this.socket.open();
    this.socket.receive(connack(answer));
    await turn();
    if (this.host.of("connected").length !== 1) throw new Error("not connected");
    this.forget();
    return this;
  }

  forget() {
    this.host.batches.length = 0;
    this.socket.sent.length = 0;
  }

  publish(topic, text, { qos = 0, retain = false, untilSent = false, properties } = {}) {
    const payload = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const flags = qos | (Number(retain) << 2) | (Number(untilSent) << 3);
    const op = next();
    this.engine.publish(op, topic, payload, flags, properties);
    return op;
  }

  /** Frees the engine, unless the case has done so. */
  end() {
    if (this.engine.__wbg_ptr === 0) return;
    if (this.crashed) this.engine.__destroy_into_raw();
    else this.engine.free();
  }
}

/** The real export, which only an instance leads to. */
function classOf(module) {
  const probe = module.engine(new Host(module.memory, {}), OPTIONS);
  probe.free();
  return probe.constructor;
}

/** Makes an engine that is not to come to life, and returns what the constructor throws. */
export function refusal(module, options) {
  try {
    new Rig(module, { options });
  } catch (error) {
    return error;
  }
  throw new Error(`accepted: ${JSON.stringify(options)}`);
}

export function tidyUp() {
  Clock.restore();
  for (const rig of rigs.splice(0)) rig.end();
}
