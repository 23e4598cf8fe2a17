/**
 * The shape of the WebAssembly engine as TypeScript sees it; Rust implements this side in `src/web`.
 * Numbers and plain objects cross, never views that outlive a call.
 */

/** What the loader delivers: one WebAssembly instance and its exports. */
export interface Glue {
  readonly memory: LinearMemory;
  createEngine(host: EngineHost, options: EngineOptions): RawEngine;
  decodeProperties(block: Uint8Array): object;
}

/** Where batches lie. Of a worker it is the block in which they came, another one each time. */
export type LinearMemory = Pick<WebAssembly.Memory, "buffer"> & {
  /** Nobody writes to a buffer again, which need not be copied then. */
  readonly isStill?: boolean;
};

/**
 * `MqttEngine` of the generated glue, or what stands for it when the engine is in a worker: that answers later. Calls are synchronous and throw what `EngineHost.makeError` built. Each `operation` is a
 * number that the caller chooses: above 0 and below 2^32, and none that is unsettled. One that is refused never settles.
 */
export interface RawEngine {
  /**
   * Takes in what a durable client's store holds: key, record, key, record and so on. Once, before anything else, also
   * with nothing. `unixTime`: milliseconds since 1970. Records that are damaged become a `notice` and are removed.
   */
  restore(records: (number | Uint8Array)[], unixTime: number): void;
  /** Answers `onStore`: the changes are safe, and the bytes that waited for them may leave. */
  stored(): void;
  /** Answers `onStore`: they are not. The engine goes on without a store, until `storeAgain`. */
  storeFailed(): void;
  /** Asks for everything: the next `onStore` has `all` set. */
  storeAgain(): void;
  start(): void;
  /**
   * `flags`: QoS | retain << 2 | untilSent << 3 | joins << 4, where untilSent completes the operation when its packet is
   * first handed to the socket; what fails later is a `notice`. `joins`, at QoS 0: may settle together with the last one that
   * did not. True: it does, and the number is free.
   */
  publish(
    operation: number,
    topic: string,
    payload: Uint8Array,
    flags: number,
    options: RawProperties | undefined,
  ): boolean;
  /** Where `publishWritten` finds topic and payload, one behind the other: `SLOT` bytes. 0: it is not to be used. */
  slot(): number;
  publishWritten(operation: number, topicLength: number, payloadLength: number, flags: number): boolean;
  /** Returns the subscription id of each filter; a worker hands them to `later`, before any message that belongs to them. */
  subscribe(
    operation: number,
    filters: readonly string[],
    options: RawSubscribeOptions,
    later: (ids: Iterable<number>) => void,
  ): Uint32Array | undefined;
  unsubscribe(operation: number, subscriptionIds: Uint32Array, options: RawUnsubscribeOptions): void;
  /** True: never transmitted. Either way no record follows. */
  cancel(operation: number): boolean | Promise<boolean>;
  acknowledge(token: number, reasonCode: number): void;
  ping(operation: number): void;
  /** Answers a challenge, or gives up and ends the connection. */
  authenticate(data: Uint8Array | undefined, giveUp: boolean): void;
  reauthenticate(operation: number, data: Uint8Array | undefined): void;
  /** Connects again with other credentials, in order and when it is quiet. */
  renew(): void;
  disconnect(options: RawDisconnect): void | Promise<void>;
  terminate(): void;
  /** Looks at the time and the page. `presence`: 0 visible, 1 hidden, 2 frozen, 3 left. */
  wake(presence: number, offline: boolean): void;
  /** Ends the attempt: the page's policy forbids the address. */
  block(): void;
  /** Switches the packet tap on or off. */
  tap(on: boolean): void;
  /** Where to copy a WebSocket message of `length` bytes before `received`. 0: not now. */
  reserve(length: number): number;
  /** Which of `length` bytes to copy next, when all before `filled` that are needed are there: payloads are not. */
  needed(filled: number, length: number): number;
  /** Reads it. */
  received(length: number): void;
  /** Ends the connection, because a message came that is not binary. */
  refuseFrame(): void;
  flush(): void;
  stats(): unknown;
  free(): void | Promise<void>;
}

/** Bytes of `slot`. */
export const SLOT = 4096;

/** Of `publish`: may settle together with another. */
export const JOINS = 1 << 4;

/** What the engine calls. User code never runs inside these calls. */
export interface EngineHost {
  resolve(attempt: number): Promise<Target>;
  /** The socket in use, whose messages the host takes to the engine. */
  onSocket(socket: Closable): void;
  /**
   * A batch of `length` words and `count` records, to be copied before it returns. `chunk`: what its messages lie in, when
   * that is not what `received` is about.
   */
  onBatch(
    address: number,
    length: number,
    count: number,
    details: readonly unknown[] | undefined,
    chunk?: ArrayBuffer,
  ): void;
  /**
   * Changes for the store of a durable client: key, record or undefined (remove it), key, and so on; with `all`, the
   * store has to hold nothing else afterwards. Answered later, never from within, by `stored` or `storeFailed`; the next
   * changes come after that, except those that the end of the client leaves, which wait for no answer. `newest`: the
   * last operation that they tell of, if that is not the last one of all.
   */
  onStore(changes: readonly (number | Uint8Array | undefined)[], all: boolean, newest?: number): void;
  /** Asks for `flush` in a microtask, or `later`, in a task behind those that wait already. */
  schedule(later: boolean): void;
  makeError(
    code: number,
    reasonCode: number,
    at: number,
    limit: number,
    statement: number | undefined,
    text: string | undefined,
    closeCode: number,
    retryable?: boolean,
    serverReference?: string,
    cause?: unknown,
    stage?: number,
    elapsed?: number,
    attempt?: number,
    silent?: number,
  ): unknown;
  onFault(cause?: unknown): void;
}

/** Where and as whom one attempt connects. */
export interface Target {
  url: string;
  protocols: string[];
  username?: string;
  password?: Uint8Array;
  authData?: Uint8Array;
  socket?: Closable;
}

/** The little that is needed to silence a socket after a crash. */
export interface Closable {
  onopen: unknown;
  onmessage: unknown;
  onerror: unknown;
  onclose: unknown;
  /** What it told before it was in use: the host tells it again when the engine listens. */
  readonly missed?: readonly Event[];
  close(): void;
}

export interface RawProperties {
  payloadFormatIndicator?: boolean;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** Flat: name, value, name, value. */
  userProperties?: string[];
}

export interface RawSubscribeOptions {
  qos: number;
  noLocal: boolean;
  retainAsPublished: boolean;
  retainHandling: number;
  userProperties?: string[];
}

export interface RawUnsubscribeOptions {
  userProperties?: string[];
}

export interface RawDisconnect {
  reasonCode: number;
  drainTimeout: number;
  sessionExpiryInterval?: number;
  reasonString?: string;
  userProperties?: string[];
}

export interface RawWill extends RawProperties {
  topic: string;
  payload: Uint8Array;
  flags: number;
  delayInterval?: number;
}

export interface EngineOptions {
  /** 0: try 5, then 4. */
  protocolVersion: number;
  clientId: string;
  cleanStart: boolean;
  sessionExpiryInterval?: number;
  keepAlive: number;
  connectTimeout: number;
  pingTimeout: number;
  maximumPacketSize: number;
  receiveMaximum: number;
  topicAliasMaximum: number;
  requestResponseInformation?: boolean;
  requestProblemInformation?: boolean;
  authenticationMethod?: string;
  userProperties?: string[];
  will?: RawWill;
  reconnect: boolean;
  minDelay: number;
  maxDelay: number;
  factor: number;
  jitter: number;
  maxAttempts: number;
  stableAfter: number;
  /** How many URLs take turns. */
  servers: number;
  /** 0: Server References are not followed. */
  maxRedirects: number;
  /** 0: messages are never given up. */
  poisonLimit: number;
  closeWhenHidden: boolean;
  maxMessages: number;
  maxBytes: number;
  /** 0 reject, 1 drop-oldest, 2 drop-newest. */
  overflow: number;
  manualAck: boolean;
  requeueQos2: boolean;
  /** Whether `onStore` is told of all that has to survive. Needs a `clientId`, and no `cleanStart`. */
  durable: boolean;
  seed: number;
}
