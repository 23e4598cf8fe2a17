import type { EngineOptions } from "./boundary.js";
import { publishResult } from "./calls.js";
import type { ClientEvents } from "./client-events.js";
import { asyncDispose } from "./dispose.js";
import { invalidArgument, MqttError } from "./errors.js";
import { Emitter, type Listener } from "./events.js";
import type { Message } from "./message.js";
import {
  checkControl,
  closeArguments,
  engineOptions,
  payloadBytes,
  plainFlags,
  publishArguments,
  subscribeArguments,
} from "./normalize.js";
import type {
  ClientOptions,
  CloseOptions,
  PublishOptions,
  RequestOptions,
  RespondOptions,
  SubscribeOptions,
  UrlSource,
} from "./options.js";
import { reportToHost } from "./reports.js";
import { type RequestHandler, Requests } from "./requests.js";
import { type Load, Runtime } from "./runtime.js";
import { ActiveSubscription, type MessageHandler, type Subscription } from "./subscription.js";
import type {
  ClientState,
  OperationOptions,
  Payload,
  PublishResult,
  QoS,
  ServerInfo,
  Stats,
} from "./types.js";
import { Urls } from "./url.js";
import { assertWellFormed } from "./utf8.js";

/**
 * A connection to one MQTT server that comes back by itself, with its subscriptions and unfinished messages.
 *
 * Calls may be made in any state but `closed`: they wait for the connection, in the order they were made. Each
 * settles: with the answer, with an {@link MqttError}, or when its `signal` or `timeout` says so. The end of the client
 * ends all of them.
 */
export class MqttClient implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #events: Emitter<ClientEvents>;
  readonly #engineOptions: EngineOptions;
  readonly #requests: Requests;
  #closing: Promise<void> | undefined;

  /** @internal Use `connect` or `createClient`. */
  constructor(load: Load, url: UrlSource, options: ClientOptions = {}) {
    const checked = engineOptions(options);
    const urls = new Urls(url);
    this.#engineOptions = { ...checked, servers: urls.count };
    this.#events = new Emitter(
      ["state", "connect", "disconnect", "reconnecting", "message", "error", "packet"],
      (cause, type) => {
        const error = new MqttError("handler-failed", { detail: `${type} listener`, cause });
        if (type === "error") reportToHost(error);
        else this.#runtime.report(error);
      },
      (type) => type === "packet" && this.#runtime.tap(),
    );
    this.#runtime = new Runtime({
      load,
      urls,
      options: { ...options },
      engineOptions: this.#engineOptions,
      events: this.#events,
    });
    const report = (error: MqttError) => this.#runtime.report(error);
    this.#requests = new Requests(this, this.#runtime.calls, report, options.responseTopic);
  }

  /** What the client is doing. */
  get state(): ClientState {
    return this.#runtime.state;
  }

  /** The Client Identifier in use: the server's choice, yours, or the random one. */
  get clientId(): string {
    return this.server?.clientId || this.#engineOptions.clientId;
  }

  /** What the server granted when it last accepted a connection; `undefined` before the first time. */
  get server(): ServerInfo | undefined {
    return this.#runtime.server;
  }

  /** Counters; a new object each time. */
  get stats(): Stats {
    return { ...NO_STATS, ...this.#runtime.stats, unmatchedReplies: this.#requests.unmatched };
  }

  /** Resolves when the client is closed for good, with the error if it gave up. Never rejects. */
  get closed(): Promise<MqttError | undefined> {
    return this.#runtime.closed;
  }

  /**
   * Connects. Resolves on the first accepted CONNACK. Rejects when the first connection fails (see
   * `reconnect.retryInitial`) or when `signal` or `timeout` ends the wait; then the client is closed. Later calls wait
   * for the same connection; their `signal` and `timeout` end their own wait only.
   */
  start(options: OperationOptions = {}): Promise<void> {
    return settle(() => {
      checkControl(options);
      return this.#runtime.start(options);
    });
  }

  /**
   * Publishes a message (section 3.3). Resolves with QoS 0 when the browser took it, with QoS 1 and 2 when the server
   * has it; `until` sets another point. The payload is copied before this returns; only a Blob is read first, while later
   * calls wait: order is kept. Rejects with `invalid-topic`, `packet-too-large`, `queue-full`, `rejected-by-server`,
   * `session-lost` and others.
   */
  publish(topic: string, payload: Payload, options: PublishOptions = {}): Promise<PublishResult> {
    try {
      if (typeof topic !== "string") invalidArgument("topic", "Pass a string.");
      assertWellFormed(topic, "invalid-topic", "topic");
      const { durable } = this.#engineOptions;
      const { calls } = this.#runtime;
      const flags = calls.isDirect && !isBlob(payload) ? plainFlags(options) : undefined;
      if (flags === undefined) return this.#publish(topic, payload, options);
      return calls.publish(topic, payloadBytes(payload as Exclude<Payload, Blob>), flags, durable);
    } catch (error) {
      return Promise.reject(Object.assign(error as Error, NOT_DELIVERED));
    }
  }

  /**
   * Subscribes to one filter or several (section 3.8). Resolves when the server granted all of them; when it refuses
   * one, rejects with `rejected-by-server` and all `reasonCodes`, and none stays subscribed. The handler may get
   * messages before that. A filter that this client has subscribed already is shared: each subscription gets the
   * message, the server sends it once.
   */
  subscribe(
    filter: string | readonly string[],
    options: SubscribeOptions = {},
    handler?: MessageHandler,
  ): Promise<Subscription> {
    return settle(async () => {
      const filters = checkFilters(filter);
      if (typeof options === "function")
        invalidArgument("options", "Pass the handler as the third argument.");
      if (handler !== undefined && typeof handler !== "function")
        invalidArgument("handler", "Pass a function.");
      const raw = subscribeArguments(options);
      const { context, subscriptions } = this.#runtime;
      const subscription = new ActiveSubscription(filters, handler, options, context);
      try {
        const reasonCodes = await this.#runtime.calls.operate(
          options,
          (engine, operation) => {
            // before SUBACK: messages may precede it
            const add = (ids: Iterable<number>) => subscriptions.add(subscription, ids);
            const ids = engine.subscribe(operation, filters, raw, add);
            if (ids) add(ids);
          },
          (record) => record.reasonCodes,
        );
        subscription.granted = grantedQos(filters, reasonCodes);
        return subscription;
      } catch (error) {
        subscription.unsubscribe().catch(() => {}); // the error is the answer, whatever becomes of this
        throw error;
      }
    });
  }

  /**
   * Publishes a request and resolves with its reply (section 4.10; on 3.1.1 by topics, see docs/requests.md). The first
   * request subscribes to a topic for replies, which all of them share; each is published once that is granted, so
   * later calls of `publish` may overtake it. It keeps waiting over reconnects. Rejects with `timeout`, `no-responder`
   * if the server told that nobody subscribes to `topic`, `queue-full` beyond 10,000 open requests, `client-closed`, and
   * with what `publish` and `subscribe` reject with. With QoS 1 it may reach the responder more than once.
   */
  request(topic: string, payload: Payload, options: RequestOptions = {}): Promise<Message> {
    return this.#requests.request(topic, payload, options);
  }

  /**
   * Subscribes and answers every request with what `handler` returns or resolves with. Also takes requests of 3.1.1
   * clients, for which it subscribes to `<filter>/reply-to/#` too (see docs/requests.md); the handler sees them on the
   * topic that they are meant for. Retained messages are passed over. The `error` event tells of requests that do not
   * say where to reply, of handlers that fail and of replies that cannot be published; the requester then gets none.
   * With `manualAck` a request is acknowledged after its reply.
   */
  respond(filter: string, handler: RequestHandler, options: RespondOptions = {}): Promise<Subscription> {
    return settle(() => this.#requests.respond(filter, handler, options));
  }

  /** Sends a PINGREQ and resolves with the milliseconds until the answer. Rejects with `not-connected` while offline. */
  ping(options: OperationOptions = {}): Promise<number> {
    return settle(() => {
      checkControl(options);
      return this.#runtime.calls.operate(
        options,
        (raw, operation) => raw.ping(operation),
        (record) => record.status,
      );
    });
  }

  /**
   * Proves the identity again while the connection goes on, before a token expires (section 4.12.1). `data` is what
   * `authenticator.start` gives if it is left out. Resolves with the server's last data when it is content; one that is
   * not disconnects, and this rejects with the reason. Rejects with `unsupported-in-version` without an `authenticator`
   * or on 3.1.1.
   */
  reauthenticate(data?: Uint8Array, options: OperationOptions = {}): Promise<Uint8Array | undefined> {
    return settle(() => {
      checkControl(options);
      return this.#runtime.reauthenticate(data, options);
    });
  }

  /**
   * Says goodbye: waits up to `timeout` for what is under way, sends DISCONNECT, closes. Takes no new calls meanwhile;
   * what is still open then rejects with `client-closed`. Every call returns the same promise, also after the client
   * gave up; a later one with `force` ends the wait. It rejects only for wrong options; the client stays open then.
   */
  close(options: CloseOptions = {}): Promise<void> {
    if (this.#closing && options.force) this.#runtime.terminate();
    this.#closing ??= this.#close(options).catch((error) => {
      this.#closing = undefined;
      throw error;
    });
    return this.#closing;
  }

  /** For `await using`: the same as `close()`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Calls `listener` for every event of this type, until the returned function is called or `signal` is aborted. */
  on<K extends keyof ClientEvents>(
    type: K,
    listener: Listener<ClientEvents[K]>,
    options: { readonly signal?: AbortSignal } = {},
  ): () => void {
    return this.#events.on(type, listener, options.signal);
  }

  /** A publish with all there may be: options to check, a payload to read, calls to wait for. */
  #publish(topic: string, payload: Payload, options: PublishOptions): Promise<PublishResult> {
    const { durable } = this.#engineOptions;
    const { calls } = this.#runtime;
    const { qos = 0, until } = options;
    const [flags, properties] = publishArguments(options, durable);

    let bytes: Uint8Array;
    let reading: Promise<void> | undefined;
    let { length: size } = topic;
    if (isBlob(payload)) {
      reading = payload.arrayBuffer().then((buffer) => {
        bytes = new Uint8Array(buffer);
      });
      size += payload.size;
      reading.catch(() => {}); // the call tells of it, if it is not refused before
    } else {
      bytes = payloadBytes(payload);
      size += bytes.length;
      if (!calls.isDirect) bytes = bytes.slice();
    }
    return calls.operate(
      options,
      (raw, operation) => raw.publish(operation, topic, bytes, flags, properties),
      publishResult,
      {
        qos,
        size,
        reading,
        isKept: durable && qos > 0,
        early: until && EARLY.find(({ when }) => when === until),
      },
    );
  }

  async #close(options: CloseOptions): Promise<void> {
    const raw = closeArguments(options);
    const { signal } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal))
      invalidArgument("signal", "Pass an AbortSignal.");
    await (options.force ? this.#runtime.terminate() : this.#runtime.close(raw, signal));
  }
}

const NOT_DELIVERED = { delivery: "none" } as const;
/** Those that only this side knows of. */
const EARLY = [
  { when: "queued", status: 3 },
  { when: "stored", status: 4 },
] as const;
const NO_STATS: Stats = {
  bytesReceived: 0,
  bytesSent: 0,
  messagesReceived: 0,
  messagesSent: 0,
  duplicatesSuppressed: 0,
  retransmissions: 0,
  unknownAcks: 0,
  unmatchedReplies: 0,
  connections: 0,
  queuedMessages: 0,
  queuedBytes: 0,
  inFlight: 0,
  subscriptions: 0,
};

function isBlob(payload: Payload): payload is Blob {
  return typeof Blob === "function" && payload instanceof Blob;
}

function checkFilters(filter: string | readonly string[]): readonly string[] {
  const filters: readonly unknown[] = Array.isArray(filter) ? filter : [filter];
  return filters.map((text) => {
    if (typeof text !== "string") return invalidArgument("filter", "Pass a string or a list of strings.");
    assertWellFormed(text, "invalid-filter", "filter");
    return text;
  });
}

function grantedQos(filters: readonly string[], reasonCodes: readonly number[]): readonly QoS[] {
  const offset = reasonCodes.findIndex((code) => code >= 0x80);
  if (offset < 0) return reasonCodes as readonly QoS[];
  const reasonCode = reasonCodes[offset];
  throw new MqttError("rejected-by-server", { detail: filters[offset], reasonCode, reasonCodes, offset });
}

/** A wrong argument is a rejection too: callers have one way to learn of errors. */
function settle<T>(run: () => Promise<T>): Promise<T> {
  try {
    return run();
  } catch (error) {
    return Promise.reject(error);
  }
}
