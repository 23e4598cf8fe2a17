import type { MqttError } from "./errors.js";
import type { StoreOptions } from "./store/types.js";
import type {
  MaybePromise,
  OperationOptions,
  Payload,
  PublishProperties,
  QoS,
  UserProperties,
} from "./types.js";

/** One attempt to connect, as `url` and `credentials` see it. */
export interface Attempt {
  /** Counts from 1; starts over after a connection that held for `reconnect.stableAfter`. */
  readonly number: number;
  /** Why the connection or attempt before this one ended. */
  readonly error?: MqttError;
  /** True: there is a connection, but what `credentials` gave for it expires soon. What it gives now has to last longer. */
  readonly renewal?: true;
}

/**
 * Where to connect: `wss://` or, for local tests, `ws://`. Of a list the URL that worked last is taken, at first the first
 * one. A URL that fails rests for 10 s, twice as long each further time, up to 5 min, unless all of them do; delays between
 * attempts grow when each URL has had its turn. A connection that holds is never ended for a better URL.
 * A function is asked before every attempt, for URLs that carry a short-lived signature; it may be async.
 */
export type UrlSource =
  | string
  | URL
  | readonly (string | URL)[]
  | ((attempt: Attempt) => MaybePromise<string | URL>);

/** What CONNECT carries to identify the user (sections 3.1.3.5 and 3.1.3.6). */
export interface Credentials {
  readonly username?: string;
  /** A string is sent as UTF-8. Without a `username` it needs MQTT 5.0. */
  readonly password?: string | Uint8Array;
  /**
   * Seconds from now on for which they are good, as in `expires_in` of OAuth. A minute or two before the end, or a tenth or
   * two of a life that is short, and at once after a sleep, `credentials` is asked again, and the client reconnects with
   * what it got: when no message is under way, or after 5 s; without a delay or the will; with `disconnect` and `connect`
   * events, but without an `error` in them. The session goes on where it outlives connections: a clean one of 3.1.1, and one
   * of `sessionExpiryInterval: 0`, misses what is published meanwhile, as with any reconnect. If nothing better is to be had,
   * the `error` event says why, and the client asks again after 5 to 60 s. @default for ever
   */
  readonly expiresIn?: number;
}

/** How an enhanced authentication begins, and how long it is good. */
export interface Introduction {
  readonly data?: Uint8Array;
  /** Seconds from now on. Before the end the client calls `start` again and proves the identity on the connection that it has, as `reauthenticate()` does. @default for ever */
  readonly expiresIn?: number;
}

/** The message that the server publishes when the connection ends without a proper goodbye (section 3.1.2.5). */
export interface Will extends PublishProperties {
  readonly topic: string;
  /** @default "" */
  readonly payload?: Exclude<Payload, Blob>;
  /** @default 0 */
  readonly qos?: QoS;
  /** @default false */
  readonly retain?: boolean;
  /** Seconds that the server waits for the client to come back before it publishes. MQTT 5.0. @default 0 */
  readonly delayInterval?: number;
}

/** Enhanced authentication: a conversation with the server about who this is. MQTT 5.0, section 4.12. */
export interface Authenticator {
  /** The Authentication Method, such as "SCRAM-SHA-256" or a name that your server knows. */
  readonly method: string;
  /** The first data, for CONNECT and for `reauthenticate()`. @default none */
  readonly start?: () => MaybePromise<Uint8Array | Introduction | undefined>;
  /** Answers a challenge of the server. Throwing ends the connection with `provider-failed`. */
  readonly respond?: (challenge: Uint8Array) => MaybePromise<Uint8Array | undefined>;
}

/** Properties of CONNECT. MQTT 5.0 (section 3.1.2.11). */
export interface ConnectProperties {
  /** Asks the server for Response Information. 3.1.1 cannot ask, and gets none. @default false */
  readonly requestResponseInformation?: boolean;
  /** Lets the server explain failures with Reason Strings. @default true */
  readonly requestProblemInformation?: boolean;
  readonly userProperties?: UserProperties;
}

/**
 * How to come back after a lost connection: delays grow from `minDelay` by `factor` up to `maxDelay`. A server that says it
 * is busy, shuts down or restarts is left alone for 5 to 10 s at least, even beyond `maxDelay`.
 */
export interface ReconnectOptions {
  /** Milliseconds before the first new attempt. @default 1000 */
  readonly minDelay?: number;
  /** Longest delay in milliseconds, `minDelay` or more. @default 60000 */
  readonly maxDelay?: number;
  /** By what each delay grows, 1 to 10. @default 2 */
  readonly factor?: number;
  /** The part of each delay that is left to chance, 0 to 1, so that clients do not return all at once. @default 1 */
  readonly jitter?: number;
  /** Attempts in a row before the client gives up and closes; 0: it never does. @default 0 */
  readonly maxAttempts?: number;
  /** Milliseconds that a connection must hold before delays and attempts start over. Five in a row that the server ends earlier, without a reason and with no failure in between, are told as `session-taken-over` in the `error` event; 0: they are not. @default 10000 */
  readonly stableAfter?: number;
  /**
   * Whether to go on trying when the very first connection fails. False: `connect` and `start` reject as soon as each
   * URL has failed once, and the client is closed. True: they stay pending until a connection is made, a `signal` or
   * `timeout` ends the wait, `maxAttempts` is reached or an error comes that no retry can cure.
   * @default false
   */
  readonly retryInitial?: boolean;
  /** Asked before every retry; false closes the client. It cannot force a retry after a final error. */
  readonly retryIf?: (error: MqttError | undefined, attempt: number) => boolean;
}

/** Whether to go where a server sends its clients. MQTT 5.0, section 4.11: 0x9C "use another server", 0x9D "server moved". */
export interface RedirectOptions {
  /**
   * Names the URL for a server's reference, as a rule hosts with or without port and spaces between, or nothing if this
   * client shall not go there: then 0x9C is a failure to be retried, 0x9D the end. User name and password go there too,
   * so only return what you trust. It never leads from wss: to ws:. `error.reasonCode` is 0x9C for one connection, after
   * which the client turns to its own URL again, and 0x9D for all from now on. May be async; throwing is
   * `provider-failed`.
   */
  readonly allow: (reference: string, error: MqttError) => MaybePromise<string | URL | undefined>;
  /** How often to go on before a connection holds for `reconnect.stableAfter`; then the client closes with `too-many-redirects`. @default 5 */
  readonly maxRedirects?: number;
}

/**
 * Limits of the queue in which messages wait for a connection, or for a slow one to take them. Publishes that wait for the
 * engine to load, or for a Blob, are refused beyond them with `queue-full`, whatever `overflow` says.
 */
export interface OfflineQueueOptions {
  /** @default 100000 */
  readonly maxMessages?: number;
  /** Bytes of topics, payloads and properties. As many again may be under way with QoS 1 and 2, not acknowledged yet. @default 16777216 (16 MiB) */
  readonly maxBytes?: number;
  /** Who loses when it is full: the new publish fails at once, or a message is dropped and its publish fails. @default "reject" */
  readonly overflow?: "reject" | "drop-oldest" | "drop-newest";
}

/** Takes what the client has to tell, without secrets and payloads. `console` fits. */
export interface Logger {
  debug?(message: string, detail?: unknown): void;
  info?(message: string, detail?: unknown): void;
  warn?(message: string, detail?: unknown): void;
  error?(message: string, detail?: unknown): void;
}

/** The part of the browser's WebSocket that the client uses. */
export interface WebSocketLike {
  /** The client sets "arraybuffer": messages must arrive as ArrayBuffer. */
  binaryType: string;
  readonly protocol: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  send(data: BufferSource): void;
  close(code?: number, reason?: string): void;
}

/** Everything that can be set on a client. Unknown names are refused, so that a typing error does not go unnoticed. */
export interface ClientOptions {
  /** 5, 4 (MQTT 3.1.1), or "auto": 5 and, if the server refuses that version, 4. See `server.protocolVersion`. @default "auto" */
  readonly protocolVersion?: 5 | 4 | "auto";
  /** Identifies the client and its session; two clients with the same one throw each other out. "" lets a 5.0 server choose. Section 3.1.3.1. @default random */
  readonly clientId?: string;
  /**
   * What to do when another tab, window, worker or client of the same origin uses the same explicit `clientId` with the same
   * server (host and path of the first URL; if `url` is a function, any server). "fail": after 3 seconds, enough for a
   * reload, the client closes with `client-id-in-use`. "wait": it stays `connecting`, or `suspended` after the page came
   * back, and takes over when the other one ends. "ignore": connects, and they throw each other out. Seen through Web
   * Locks: in pages that are not secure, and across browsers and devices, only the server's 0x8E tells.
   * @default "fail"
   */
  readonly whenClientIdInUse?: "fail" | "wait" | "ignore";
  /** Drops what the server still holds of an earlier session, at the first connection; reconnecting resumes. On 3.1.1, where a clean session also ends with its connection, it holds for every connection. Section 3.1.2.4. @default true */
  readonly cleanStart?: boolean;
  /** Seconds that the server keeps the session after the connection ended, 0 to 4294967295 (never expires); 0 ends it with the connection. MQTT 5.0, section 3.1.2.11.2; 3.1.1 has no such interval, there `cleanStart` alone decides. @default 300, and `close` ends the session */
  readonly sessionExpiryInterval?: number;
  /** Longest silence towards the server before a ping is sent, in seconds, 0 to 65535; 0 turns pings off. The server may set another value. Pings come sooner where something on the way seems to end connections after a shorter silence (`idle-timeout`). Section 3.1.2.10. @default 45 */
  readonly keepAlive?: number;
  /** Milliseconds to wait for the answer to a ping before the connection counts as lost. @default 10000 */
  readonly pingTimeout?: number;
  /** Milliseconds that an attempt may take, from asking `url` and `credentials` to CONNACK. @default 20000 */
  readonly connectTimeout?: number;
  /** Published by the server when this client vanishes. */
  readonly will?: Will;
  /** The user. Not part of the URL. */
  readonly username?: string;
  /** The password or token that goes with it. */
  readonly password?: string | Uint8Array;
  /** Asked before every attempt, and before what it gave expires (`expiresIn`); replaces `username` and `password`. May be async. */
  readonly credentials?: (attempt: Attempt) => MaybePromise<Credentials>;
  /** Proves the identity in steps, beyond user name and password. MQTT 5.0, section 4.12. */
  readonly authenticator?: Authenticator;
  /** More properties of CONNECT. */
  readonly properties?: ConnectProperties;
  /** WebSocket subprotocols to offer; an empty list offers none. Section 6. @default ["mqtt"] */
  readonly subprotocols?: readonly string[];
  /** How to come back after a lost connection; false: not at all. @default all defaults of `ReconnectOptions` */
  readonly reconnect?: false | ReconnectOptions;
  /**
   * What becomes of the connection while the page is hidden. "stay": it is kept as long as the browser lets it.
   * "close-when-hidden": after 30 seconds, or when the browser freezes the page, it is closed with a DISCONNECT, so that the
   * will is not published; the session is kept, publishes wait, and the client is `suspended` until the page is visible.
   * @default "stay"
   */
  readonly lifecycle?: "stay" | "close-when-hidden";
  /** Where else a server may send this client; false: nowhere. References are told as `error.serverReference` in any case. MQTT 5.0, section 4.11. @default false */
  readonly redirect?: false | RedirectOptions;
  /** After how many connections in a row that each ended soon after this QoS 1 or 2 message was sent again, with nothing acknowledged, a message is given up and its `publish` rejects with `poison-message`. 0: never, as the standard demands (section 4.4); the `error` event tells of the message that holds up the others after five. @default 0 */
  readonly poisonLimit?: number;
  /** How much may wait for a connection. */
  readonly offlineQueue?: OfflineQueueOptions;
  /** Publishes unfinished QoS 2 messages again, as new ones, when the server forgot the session: they may then arrive twice. False: their `publish` rejects with `session-lost`. Section 4.4. @default false */
  readonly requeueQos2?: boolean;
  /**
   * Where unfinished QoS 1 and 2 messages and their state are kept, so that a later client with the same `clientId` and
   * server goes on with them. "memory": they end with the page. "indexeddb": they survive a reload, a crash of the tab and of
   * this library; bytes that depend on them leave after they are stored. An object says how, or brings a store of yours.
   *
   * Needs a `clientId` of your own. Then `cleanStart` is false, and true is refused; `sessionExpiryInterval` is one day by
   * default, also after `close`. One client at a time has the outbox: a second one in this browser ends with
   * `client-id-in-use`, or waits with `whenClientIdInUse: "wait"`. See docs/outbox.md.
   * @default "memory"
   */
  readonly store?: "memory" | "indexeddb" | StoreOptions;
  /** Largest packet to accept, in bytes, 32 to 268435455; a larger one ends the connection. Also a guard on 3.1.1. Section 3.1.2.11.4. @default 16777216 (16 MiB) */
  readonly maximumPacketSize?: number;
  /** How many QoS 1 and 2 messages the server may send before one is acknowledged, 1 to 65535. MQTT 5.0, section 3.1.2.11.3. @default 65535 */
  readonly receiveMaximum?: number;
  /** How many topics the server may abbreviate, 0 to 65535. MQTT 5.0, section 3.1.2.11.5. @default 32 */
  readonly topicAliasMaximum?: number;
  /**
   * Where replies to `request` come; no other client may use it. On 3.1.1 they come one level below it.
   * @default `<Response Information>/<client identifier>` if the server told (see `properties.requestResponseInformation`), else `wasmqtt/reply/<client identifier>`
   */
  readonly responseTopic?: string;
  /** True: messages with QoS 1 and 2 are acknowledged only by `message.ack()` or `message.reject()`. @default false */
  readonly manualAck?: boolean;
  /** Makes the WebSocket, for hosts without one of their own. @default the browser's */
  readonly webSocket?: (url: string, protocols: string[]) => WebSocketLike;
  /**
   * True: socket and engine run in a Worker of their own, so that the page's thread has a fraction of the work, and pings and
   * acknowledgements go on while it is busy, for half a millisecond more a message (docs/worker.md). QoS 1 and 2 are then
   * acknowledged before handlers have run, and `stats` are those of the last report. If there can be no worker, the client
   * works on the page's thread and the `error` event tells of it with `worker-unavailable`. A function makes the Worker, of
   * `wasmqtt/worker`, where the bundler does not. @default false
   */
  readonly worker?: boolean | (() => Worker);
  /** Told about changes of state and about errors. @default none */
  readonly logger?: Logger;
}

/** Options of `connect`: those of the client, and how long to wait for the first connection. */
export interface ConnectOptions extends ClientOptions, OperationOptions {}

/** Options of `publish`. */
export interface PublishOptions extends PublishProperties, OperationOptions {
  /** @default 0 */
  readonly qos?: QoS;
  /** True: the server keeps it for future subscribers (section 3.3.1.3). @default false */
  readonly retain?: boolean;
  /**
   * How far the message has to get before the call resolves: "queued", the client has taken it; "stored", it survives the
   * page (QoS 1 and 2, with a `store`; if that fails, when it was sent); "sent", the browser took it; "acknowledged", the
   * server has it. What fails later is told by the `error` event. `status` of the result says how far it is.
   * @default "acknowledged", or "sent" with QoS 0
   */
  readonly until?: "queued" | "stored" | "sent" | "acknowledged";
}

/** Options of a reply: those of `publish` that do not follow from the request. */
export interface ReplyOptions
  extends OperationOptions,
    Omit<PublishProperties, "responseTopic" | "correlationData"> {
  /** @default 1 */
  readonly qos?: QoS;
}

/** Options of `request`. */
export interface RequestOptions extends ReplyOptions {
  /** Milliseconds until the call rejects with `timeout`, counted from the call on. @default 30000 */
  readonly timeout?: number;
  /** Seconds after which the request is worthless. @default `timeout`, rounded up */
  readonly messageExpiryInterval?: number;
}

/** The messages of a subscription that wait for an async iterator. */
export interface BufferOptions {
  /** How many may wait, 1 or more. @default 1000 */
  readonly max?: number;
  /** Which one goes when there are too many. `latest-per-topic` keeps only the newest of each topic, and counts those it replaces as dropped. @default "drop-oldest" */
  readonly overflow?: "drop-oldest" | "drop-newest" | "latest-per-topic";
}

/** Options of `subscribe` (section 3.8.3.1). */
export interface SubscribeOptions extends OperationOptions {
  /** The highest quality of service to deliver with. @default 0 */
  readonly qos?: QoS;
  /** True: what this client publishes does not come back to it. MQTT 5.0. @default false */
  readonly noLocal?: boolean;
  /** True: `message.retain` is as the publisher set it. MQTT 5.0. @default false */
  readonly retainAsPublished?: boolean;
  /** Retained messages: 0 sends them, 1 only for a new subscription, 2 never. MQTT 5.0. @default 0 */
  readonly retainHandling?: 0 | 1 | 2;
  readonly userProperties?: UserProperties;
  /** For messages that wait for an async iterator. */
  readonly buffer?: BufferOptions;
  /**
   * True: each message gets a copy of its bytes. So one that is kept keeps nothing else in memory, where it would keep the
   * whole frame that it came in. Costs time and garbage with each message. @default false
   */
  readonly copyPayload?: boolean;
}

/** Options of `respond`. */
export interface RespondOptions extends SubscribeOptions {
  /** The highest quality of service to take requests with. @default 1 */
  readonly qos?: QoS;
  /** False: subscribes to the filter alone, so that clients of MQTT 3.1.1 get no answer. @default true */
  readonly topicRequests?: boolean;
}

/** Options of `subscription.unsubscribe`. */
export interface UnsubscribeOptions extends OperationOptions {
  /**
   * For the UNSUBSCRIBE packet, if one is sent. Where they cannot be sent, on 3.1.1 or in a packet too large for the
   * server, the call rejects, but the subscription has ended all the same. MQTT 5.0, section 3.10.2.1.2.
   */
  readonly userProperties?: UserProperties;
}

/** Options of `close`. */
export interface CloseOptions {
  /** What is under way is given up, and the client closes at once, when it is aborted. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for what is under way; then it is given up. @default 5000 */
  readonly timeout?: number;
  /** True: no waiting and no DISCONNECT, so that the server publishes the will. @default false */
  readonly force?: boolean;
  /** Reason code of DISCONNECT: 0, or 4 to have the will published. MQTT 3.1.1 knows 0 only; with any other the connection closes without a goodbye, which has the will published too. Section 3.14.2.1. @default 0 */
  readonly reasonCode?: number;
  /** Another expiry of the session, in seconds. MQTT 5.0, section 3.14.2.2.2. @default as set on the client; 0 if nothing was set */
  readonly sessionExpiryInterval?: number;
  /** For the server's log. Left out on 3.1.1. */
  readonly reasonString?: string;
  /** Left out on 3.1.1. */
  readonly userProperties?: UserProperties;
}
