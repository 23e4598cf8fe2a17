/** Quality of service: 0 at most once, 1 at least once, 2 exactly once (section 4.3). */
export type QoS = 0 | 1 | 2;

/**
 * What the client is doing.
 * - `idle`: not started
 * - `connecting`: on the way to the first CONNACK
 * - `connected`
 * - `reconnecting`: the connection was lost; an attempt runs or is scheduled
 * - `suspended`: no attempt until the browser is online, the page goes on after it was frozen or left, or is visible again (`lifecycle`)
 * - `closing`: `close()` was called; what is under way may still complete
 * - `closed`: for good
 */
export type ClientState =
  | "idle"
  | "connecting"
  | "connected"
  | "reconnecting"
  | "suspended"
  | "closing"
  | "closed";

/** Names and values in the order they are sent; a name may come more than once. MQTT 5.0. */
export type UserProperties = readonly (readonly [name: string, value: string])[];

/** The properties of a message. MQTT 5.0 only (section 3.3.2.3): on a 3.1.1 connection publishing with one fails. */
export interface PublishProperties {
  /** True: the payload is UTF-8 text. */
  readonly payloadFormatIndicator?: boolean;
  /** Seconds after which the message is worthless, 0 to 4294967295. It also expires in the offline queue. */
  readonly messageExpiryInterval?: number;
  /** What the payload is, for example "application/json". */
  readonly contentType?: string;
  /** The topic for an answer. */
  readonly responseTopic?: string;
  /** Tells the requester to which request an answer belongs. */
  readonly correlationData?: Uint8Array;
  readonly userProperties?: UserProperties;
}

/** The properties of a message that arrived. */
export interface MessageProperties extends PublishProperties {
  /** The Subscription Identifiers that the server attached, as a rule one per matching subscription. */
  readonly subscriptionIdentifiers?: readonly number[];
}

/**
 * What may have become of the message of a publish that failed.
 * - `none`: nobody got it and nobody will; publishing it again makes no second copy
 * - `unknown`: it was sent and the last answer is missing; it may have arrived, and may still
 * - `stored`: it is in the `store`, and the next client with this `clientId` goes on with it
 */
export type Delivery = "none" | "unknown" | "stored";

/** What became of a published message. */
export interface PublishResult {
  /** The quality of service it was published with. */
  readonly qos: QoS;
  /**
   * How far it got. `queued`: the client has taken it. `stored`: it survives the page (`store`). `sent`: handed to the
   * browser, which is all there is with QoS 0. `acknowledged`: PUBACK (QoS 1). `completed`: PUBCOMP (QoS 2).
   */
  readonly status: "queued" | "stored" | "sent" | "acknowledged" | "completed";
  /** 0, or 0x10 when the server told that nobody subscribes to this topic. */
  readonly reasonCode: number;
  /** The Packet Identifier it had; none with QoS 0, and none that was not sent yet. */
  readonly packetId?: number;
  readonly reasonString?: string;
  readonly userProperties?: UserProperties;
}

/** What the server granted in its CONNACK (section 3.2.2.3). What it left out has the standard's default. */
export interface ServerInfo {
  /** The WebSocket subprotocol that is in use; empty when the server confirmed none. */
  readonly subprotocol: string;
  /** 4 is MQTT 3.1.1. */
  readonly protocolVersion: 4 | 5;
  /** True: the server still had the session, with its subscriptions and unfinished messages. */
  readonly sessionPresent: boolean;
  /** The identifier in use: yours or the one that the server assigned. */
  readonly clientId: string;
  /** The keep-alive interval in force, in seconds. */
  readonly keepAlive: number;
  /** How many QoS 1 and 2 messages may be under way to the server at once. */
  readonly receiveMaximum: number;
  readonly maximumQos: QoS;
  readonly retainAvailable: boolean;
  /** In bytes; absent: no limit. */
  readonly maximumPacketSize?: number;
  readonly topicAliasMaximum: number;
  readonly wildcardSubscriptionAvailable: boolean;
  readonly subscriptionIdentifiersAvailable: boolean;
  readonly sharedSubscriptionAvailable: boolean;
  readonly assignedClientIdentifier?: string;
  readonly serverKeepAlive?: number;
  /** In seconds. */
  readonly sessionExpiryInterval?: number;
  readonly reasonString?: string;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly authenticationMethod?: string;
  /** The last word of an enhanced authentication, such as SCRAM's proof that the server knows the password too: check it. Section 4.12. */
  readonly authenticationData?: Uint8Array;
  readonly userProperties?: UserProperties;
}

/** A payload; wrap objects in {@link json}. Strings are sent as UTF-8. */
export type Payload = string | Uint8Array | ArrayBuffer | Blob;

/** A value or the promise of one. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** Ends the wait for an answer. */
export interface OperationOptions {
  /**
   * Rejects with `aborted` when it is aborted. What was not transmitted yet is dropped; what is under way takes its
   * course, only nobody waits for it any more.
   */
  readonly signal?: AbortSignal;
  /** Milliseconds until the call rejects with `timeout`, counted from the call on. @default no limit */
  readonly timeout?: number;
}

/** What a client has done so far, and what it holds now. */
export interface Stats {
  readonly bytesReceived: number;
  /** Bytes handed to the browser. */
  readonly bytesSent: number;
  readonly messagesReceived: number;
  /** Repetitions not counted. */
  readonly messagesSent: number;
  /** QoS 2 messages that came again and were not delivered again. */
  readonly duplicatesSuppressed: number;
  /** PUBLISH packets sent again after a reconnect. */
  readonly retransmissions: number;
  /** Acknowledgements of the server that matched nothing. */
  readonly unknownAcks: number;
  /** Replies that no request waited for: they came too late or twice, or were meant for another page. */
  readonly unmatchedReplies: number;
  /** Connections that the server accepted. */
  readonly connections: number;
  /** Messages that wait to be sent for the first time, now. */
  readonly queuedMessages: number;
  /** Bytes that those hold. */
  readonly queuedBytes: number;
  /** Publishes, subscribes and unsubscribes that wait for the server, now. */
  readonly inFlight: number;
  /** Distinct filters, now. */
  readonly subscriptions: number;
}
