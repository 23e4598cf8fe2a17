import type { BatchRecord, CompletedRecord, DisconnectedRecord, FailedRecord } from "./batch.js";
import type { EngineOptions, Glue, RawDisconnect, RawEngine, RawUnsubscribeOptions } from "./boundary.js";
import type { ClientEvents } from "./client-events.js";
import { answerChallenge, resolveTarget, startAuthentication } from "./dial.js";
import { Engine } from "./engine.js";
import type { ErrorCode } from "./error-codes.js";
import { asMqttError, MqttError } from "./errors.js";
import type { Emitter } from "./events.js";
import { ReceivedMessage } from "./message.js";
import { type Operation, Operations } from "./operations.js";
import type { ClientOptions, Logger } from "./options.js";
import { type PageWatch, watchPage } from "./page.js";
import { type ActiveSubscription, type SubscriptionContext, Subscriptions } from "./subscription.js";
import type { ClientState, OperationOptions, ServerInfo, Stats } from "./types.js";
import { isLoopback, sameOrigin, type UrlRotation } from "./url.js";
import { createDecoder } from "./utf8.js";

/** What the engine infers from the ends of connections, without being sure. */
const GUESSES: readonly ErrorCode[] = ["poison-message", "session-taken-over"];

/** What makes a client: where the engine comes from, where it connects, how, and who listens. */
export interface RuntimeParts {
  readonly load: () => Promise<Glue>;
  readonly urls: UrlRotation;
  readonly options: ClientOptions;
  readonly engineOptions: EngineOptions;
  readonly events: Emitter<ClientEvents>;
}

/** The life of one client behind its public methods: loads the engine, keeps calls in order, follows the records. */
export class Runtime {
  readonly closed: Promise<MqttError | undefined>;
  readonly context: SubscriptionContext;
  readonly subscriptions = new Subscriptions();
  state: ClientState = "idle";
  server: ServerInfo | undefined;
  readonly #parts: RuntimeParts;
  readonly #operations = new Operations();
  #resolveClosed!: (error: MqttError | undefined) => void;
  #engine: Engine | undefined;
  #booting: Promise<void> | undefined;
  /** Set while calls must wait for an earlier one, or for the engine to load. */
  #queue: Promise<void> | undefined;
  #opening: Operation<void> | undefined;
  #accepted = false;
  /** Tells the attempt that runs from those that were given up. */
  #dial = 0;
  #failedAttempts = 0;
  #lastError: MqttError | undefined;
  /** Where the latest attempt went. */
  #address: string | undefined;
  #lastStats: Stats | undefined;
  #page: PageWatch | undefined;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.context = {
      decode: createDecoder(),
      decodeProperties: (block) => this.#engine?.decodeProperties(block) ?? {},
      acknowledge: (token, reasonCode) => {
        if (token > 0) this.#engine?.call((raw) => raw.acknowledge(token, reasonCode));
      },
      unsubscribe: (subscription, options, raw) => this.#unsubscribe(subscription, options, raw),
      report: (error) => this.report(error),
    };
  }

  get stats(): Stats | undefined {
    return this.#try((raw) => raw.stats() as Stats) ?? this.#lastStats;
  }

  /** True: a call now reaches the engine before it returns. */
  get isDirect(): boolean {
    return this.#engine !== undefined && !this.#queue;
  }

  start(options: OperationOptions): Promise<void> {
    this.#assertOpen();
    if (this.#opening) return this.#opening.promise;
    this.#opening = this.#operations.open<void>(
      options,
      () => {},
      (_, error) => this.#giveUp(error),
    );
    this.#setState("connecting");
    this.#enqueue((engine) => {
      try {
        engine.call((raw) => raw.start());
      } catch (error) {
        this.#giveUp(error as MqttError);
      }
    });
    return this.#opening.promise;
  }

  /** Hands a call to the engine when its turn comes, after `reading`, and promises the answer. */
  operate<T>(
    options: OperationOptions,
    submit: (raw: RawEngine) => number,
    complete: (record: CompletedRecord) => T,
    reading?: Promise<void>,
  ): Promise<T> {
    this.#assertOpen();
    const operation = this.#operations.open(options, complete, ({ id }) => {
      if (id > 0) this.#try((raw) => raw.cancel(id));
    });
    const fail = (error: unknown) => this.#operations.take(operation.id)?.reject(error);
    reading?.catch((cause) =>
      fail(new MqttError("invalid-argument", { detail: "Blob cannot be read", cause })),
    );
    this.#enqueue((engine) => {
      if (!this.#operations.has(operation.id)) return; // given up before its turn
      try {
        this.#operations.number(operation, engine.call(submit));
      } catch (error) {
        fail(error);
      }
    }, reading);
    return operation.promise;
  }

  /** Promises what neither engine nor server answers: `run` gets what settles it, unless the client ends before. */
  async wait<T>(options: OperationOptions, run: (operation: Operation<T>) => void): Promise<T> {
    this.#assertOpen();
    const operation = this.#operations.open<T>(
      options,
      () => undefined as T,
      () => {},
    );
    try {
      run(operation);
      return await operation.promise;
    } finally {
      this.#operations.take(operation.id);
    }
  }

  /** Asks the application for the first data, if it was not given, and the server for its consent. */
  async reauthenticate(
    data: Uint8Array | undefined,
    options: OperationOptions,
  ): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    const first = data ?? (await startAuthentication(this.#parts.options.authenticator));
    return this.operate(
      options,
      (raw) => raw.reauthenticate(first),
      (record) => record.answer?.authenticationData,
    );
  }

  /** Ends the client after what was called before. */
  async close(options: RawDisconnect): Promise<void> {
    if (!this.#engine) return this.terminate();
    await new Promise<unknown>((resolve, reject) => {
      this.#enqueue((engine) => {
        try {
          resolve(engine.call((raw) => raw.disconnect(options)));
        } catch (error) {
          reject(error);
        }
      });
      this.closed.then(resolve);
    });
    await this.closed;
  }

  /** Ends the client now. */
  terminate(): void {
    this.#giveUp(undefined);
  }

  /** Has packets shown while somebody listens. */
  tap(): void {
    this.#try((raw) => raw.tap(this.#parts.events.has("packet")));
  }

  /** Tells what no call waits for. A guess is no failure, so it never becomes an uncaught error of the page. */
  report(error: MqttError, isGuess = false): void {
    const { events } = this.#parts;
    this.#log(isGuess ? "warn" : "error", error.message, { code: error.code });
    if (events.has("error")) events.emit("error", error);
    else if (isGuess) console.warn(`wasmqtt: ${error.message}`);
    else reportToHost(error);
  }

  #unsubscribe(
    subscription: ActiveSubscription,
    options: OperationOptions,
    rawOptions: RawUnsubscribeOptions,
  ): Promise<void> {
    const ids = Uint32Array.from(this.subscriptions.remove(subscription));
    if (ids.length === 0 || this.state === "closed") return Promise.resolve();
    let asked = false;
    const ask = (raw: RawEngine) => {
      asked = true;
      return raw.unsubscribe(ids, rawOptions);
    };
    const confirmed = this.operate(options, ask, () => {});
    // The subscription is gone here, so the server is asked even if nobody waits for its answer any more.
    confirmed.catch(() => {
      if (!asked && this.state !== "closed") this.#enqueue(() => this.#try(ask));
    });
    return confirmed;
  }

  /** Runs `run` now, or after everything that waits and `reading`. Not at all when the client is closed by then. */
  #enqueue(run: (engine: Engine) => void, reading?: Promise<void>): void {
    if (this.#engine && !this.#queue && !reading) {
      run(this.#engine);
      return;
    }
    const turn = (this.#queue ?? this.#boot())
      .then(() => reading)
      .catch(() => {}) // who reads is told elsewhere; the others go on
      .then(() => {
        if (this.#queue === turn) this.#queue = undefined;
        if (this.#engine) run(this.#engine);
      });
    this.#queue = turn;
  }

  #boot(): Promise<void> {
    this.#booting ??= this.#createEngine();
    return this.#booting;
  }

  async #createEngine(): Promise<void> {
    const { load, urls, options, engineOptions } = this.#parts;
    try {
      const glue = await load();
      if (this.state === "closed") return;
      this.#engine = new Engine(glue, engineOptions, {
        resolve: (number) => {
          this.#page?.look();
          const error = this.#lastError;
          const dial = ++this.#dial;
          const isCurrent = () => dial === this.#dial;
          return resolveTarget({ number, ...(error && { error }) }, urls, options, isCurrent).then(
            (target) => {
              this.#address = target.url;
              this.#page?.look(); // what the network means to this address
              return target;
            },
          );
        },
        record: (record) => this.#record(record),
        crashed: (error) => this.#finish(error),
      });
      if (this.#parts.events.has("packet")) this.tap();
      this.#page = watchPage({
        changed: (presence, offline) => {
          const isCutOff = offline && !(this.#address && isLoopback(this.#address));
          this.#try((raw) => raw.wake(presence, isCutOff));
        },
        blocked: (address) => {
          if (this.#isConnecting && sameOrigin(address, this.#address)) this.#try((raw) => raw.block());
        },
      });
    } catch (error) {
      this.#finish(asMqttError(error, "wasm-load-failed"));
    }
  }

  #record(record: BatchRecord): void {
    const { events } = this.#parts;
    switch (record.kind) {
      case "message":
        this.subscriptions.deliver(record);
        if (events.has("message")) events.emit("message", new ReceivedMessage(record, this.context));
        break;
      case "completed":
        this.#operations.take(record.operation)?.settle(record);
        break;
      case "failed":
        this.#onFailed(record);
        break;
      case "state":
        if (record.state !== "closed") this.#setState(record.state); // that is for `#finish` to say, when it is true
        break;
      case "connected":
        this.#onConnected(record.server);
        break;
      case "disconnected":
        this.#onDisconnected(record);
        break;
      case "notice":
        this.report(record.error, GUESSES.includes(record.error.code));
        break;
      case "challenge":
        this.#onChallenge(record.data);
        break;
      case "packet":
        events.emit("packet", record.packet);
        break;
      case "closed":
        this.#finish(record.error);
        break;
      default:
        record satisfies never;
    }
  }

  /** Hands the application's answer on, unless the attempt ended meanwhile. */
  #onChallenge(challenge: Uint8Array): void {
    const dial = this.#dial;
    const answer = (data: Uint8Array | undefined, giveUp: boolean) => {
      if (dial === this.#dial) this.#try((raw) => raw.authenticate(data, giveUp));
    };
    answerChallenge(this.#parts.options.authenticator, challenge).then(
      (data) => answer(data, false),
      (cause) => {
        this.report(new MqttError("handler-failed", { detail: "authenticator.respond", cause }));
        answer(undefined, true);
      },
    );
  }

  #onFailed({ operation, error, reasonCodes }: FailedRecord): void {
    if (reasonCodes.length > 0) Object.assign(error, { reasonCodes });
    this.#operations.take(operation)?.reject(error);
  }

  #onConnected(server: ServerInfo): void {
    const { protocolVersion, sessionPresent } = server;
    this.#accepted = true;
    this.server = server;
    this.#log("info", "connected", { protocolVersion, sessionPresent });
    if (this.#opening && this.#operations.take(this.#opening.id)) this.#opening.resolve();
    this.#parts.events.emit("connect", server);
  }

  #onDisconnected({ delay, attempt, error }: DisconnectedRecord): void {
    const { events, urls } = this.#parts;
    const why = error && { error };
    const wasAccepted = this.#accepted;
    this.#accepted = false;
    this.#dial++;
    this.#lastError = error;
    this.#log("warn", "disconnected", { code: error?.code, reasonCode: error?.reasonCode, attempt, delay });
    const follows = urls.ended(error, wasAccepted);
    if (wasAccepted) events.emit("disconnect", { ...why, willReconnect: delay !== undefined });

    // An end without an error was wanted, and the client comes back when the page does. A listener may have closed it.
    if (delay === undefined || !error || this.#isClosed) return;
    if (follows || this.#wantsRetry(error, attempt)) events.emit("reconnecting", { attempt, delay, ...why });
    else this.#giveUp(error);
  }

  /** Whether the application wants the attempt that the engine plans. */
  #wantsRetry(error: MqttError | undefined, attempt: number): boolean {
    const { retryInitial = false, retryIf } = this.#parts.options.reconnect || {};
    const isFirst = this.#opening !== undefined && this.#operations.has(this.#opening.id);
    if (isFirst && !retryInitial && ++this.#failedAttempts >= this.#parts.urls.count) return false;
    try {
      return retryIf?.(error, attempt) ?? true;
    } catch (cause) {
      this.report(new MqttError("handler-failed", { detail: "reconnect.retryIf", cause }));
      return false;
    }
  }

  #giveUp(error: MqttError | undefined): void {
    this.#try((raw) => raw.terminate());
    this.#finish(error);
  }

  /** The end: whoever waits is told, nothing is kept. */
  #finish(error: MqttError | undefined): void {
    if (this.#isClosed) return;
    this.#dial++;
    this.#lastStats = this.stats;
    this.#lastError = error;
    this.#page?.stop();
    try {
      this.#engine?.free();
    } catch {} // it crashed before or just now
    this.#engine = undefined;
    this.#setState("closed");

    if (this.#opening && error) this.#operations.take(this.#opening.id)?.reject(error);
    const crashed = error?.code === "engine-crashed";
    this.#operations.rejectAll(crashed ? error : new MqttError("client-closed", { cause: error }));
    this.subscriptions.endAll(error);
    this.#resolveClosed(error);
  }

  get #isConnecting(): boolean {
    return this.state === "connecting" || this.state === "reconnecting";
  }

  get #isClosed(): boolean {
    return this.state === "closed";
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new MqttError("client-closed", { cause: this.#lastError });
  }

  #setState(state: ClientState): void {
    if (state === this.state) return;
    this.state = state;
    this.#log("debug", "state", state);
    this.#parts.events.emit("state", state);
  }

  /** A call to the engine that nobody waits for: without an engine there is nothing to do. */
  #try<T>(run: (raw: RawEngine) => T): T | undefined {
    try {
      return this.#engine?.call(run);
    } catch {
      return undefined;
    }
  }

  #log(level: keyof Logger, message: string, detail: unknown): void {
    try {
      this.#parts.options.logger?.[level]?.(`wasmqtt: ${message}`, detail);
    } catch (error) {
      reportToHost(error);
    }
  }
}

/** For what nobody of ours or the application's waits. */
export function reportToHost(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}
