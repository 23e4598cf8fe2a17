import { Attempts } from "./attempts.js";
import type { Batch, BatchRecord, DisconnectedRecord, FailedRecord, Topic } from "./batch.js";
import type { EngineOptions, Glue, RawDisconnect, RawUnsubscribeOptions } from "./boundary.js";
import { Calls } from "./calls.js";
import { Claim } from "./claim.js";
import type { ClientEvents } from "./client-events.js";
import { Engine } from "./engine.js";
import type { ErrorCode } from "./error-codes.js";
import { asMqttError, MqttError, type MqttErrorInit } from "./errors.js";
import type { Emitter } from "./events.js";
import { sessionName } from "./lock.js";
import { ReceivedMessage } from "./message.js";
import { limit, type Operation } from "./operations.js";
import type { ClientOptions } from "./options.js";
import { openOutbox } from "./outbox.js";
import { LEFT, type PageWatch, watchPage } from "./page.js";
import { Reports } from "./reports.js";
import type { Outbox } from "./store/outbox.js";
import { type ActiveSubscription, type SubscriptionContext, Subscriptions } from "./subscription.js";
import type { ClientState, OperationOptions, ServerInfo, Stats } from "./types.js";
import type { Urls } from "./url.js";
import { createDecoder } from "./utf8.js";

/** What an engine that is being loaded may want of its client. */
export interface EngineRoom {
  /** Aborted at the end of the client. */
  readonly signal: AbortSignal;
  /** Tells of what is no failure. */
  notice(code: ErrorCode, init: MqttErrorInit): void;
  /** Has the first connection opened while the engine loads, where nothing has to come before. */
  dial(): void;
}

export type Load = (room: EngineRoom) => Promise<Glue>;

/** What makes a client: where the engine comes from, where it connects, how, and who listens. */
export interface RuntimeParts {
  readonly load: Load;
  readonly urls: Urls;
  readonly options: ClientOptions;
  readonly engineOptions: EngineOptions;
  readonly events: Emitter<ClientEvents>;
}

/** The life of one client behind its public methods: makes the engine, follows its records, comes to an end. */
export class Runtime {
  readonly closed: Promise<MqttError | undefined>;
  readonly context: SubscriptionContext;
  readonly subscriptions = new Subscriptions();
  readonly calls: Calls;
  state: ClientState = "idle";
  server: ServerInfo | undefined;
  readonly #parts: RuntimeParts;
  readonly #attempts: Attempts;
  readonly #claim: Claim;
  readonly #reports: Reports;
  #resolveClosed!: (error: MqttError | undefined) => void;
  #opening: Operation<void> | undefined;
  /** The engine, also after the end: messages may still lie in buffers. */
  #decoder: Engine | undefined;
  #started = false;
  #lastStats: Stats | undefined;
  #page: PageWatch | undefined;
  #outbox: Promise<Outbox | undefined> | undefined;
  readonly #end = new AbortController();

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.calls = new Calls(
      () => this.#createEngine(),
      (error) => this.report(error),
      parts.engineOptions,
    );
    this.#reports = new Reports(parts.events, parts.options.logger);
    this.#attempts = new Attempts(parts.urls, parts.options, {
      reconnect: () => this.calls.try((raw) => raw.renew()),
      reauthenticate: (data) =>
        this.#prove(this.#openProof({ timeout: parts.engineOptions.connectTimeout }), data),
      report: (error) => this.report(error),
    });
    this.#claim = new Claim(parts.urls.first, parts.options);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const { calls } = this;
    this.context = {
      decode: createDecoder(),
      decodeProperties: (block) => this.#decoder?.decodeProperties(block) ?? {},
      acknowledge: (token, reasonCode) => {
        if (token > 0) calls.engine?.call((raw) => raw.acknowledge(token, reasonCode));
      },
      wait: async (options, run) => {
        if (!this.#isClosed) await calls.wait(options, run);
      },
      unsubscribe: (subscription, raw) => this.#unsubscribe(subscription, raw),
      report: (error) => this.report(error),
    };
  }

  readonly #room: EngineRoom = {
    signal: this.#end.signal,
    notice: (code, init) => this.#reports.notice(new MqttError(code, init)),
    dial: () => {
      if (this.#opening && this.#claim.isHeld) this.#attempts.begin();
    },
  };

  get stats(): Stats | undefined {
    return this.calls.try((raw) => raw.stats() as Stats) ?? this.#lastStats;
  }

  start(options: OperationOptions): Promise<void> {
    this.calls.assertOpen();
    const started = this.#opening?.promise;
    if (started) {
      const hasLimit = options.signal || options.timeout !== undefined;
      return hasLimit ? this.calls.wait(options, (own) => started.then(own.resolve, own.reject)) : started;
    }
    this.#opening = this.calls.operations.open<void>(
      options,
      () => {},
      (_, error) => this.#giveUp(error),
    );
    this.#setState("connecting");
    this.calls.enqueue(() => this.#enter());
    return this.#opening.promise;
  }

  /** Connects, or comes back to its page, when no other client of this browser uses its Client Identifier. */
  #enter(): void {
    const enter = () => {
      if (this.#started) return this.#page?.look();
      this.#started = true;
      try {
        this.calls.engine?.call((raw) => raw.start());
      } catch (error) {
        this.#giveUp(error as MqttError);
      }
    };
    this.#claim.take(enter, (error) => this.#giveUp(error as MqttError));
  }

  /** Asks the application for the first data, if it was not given, and the server for its consent. */
  reauthenticate(data: Uint8Array | undefined, options: OperationOptions): Promise<Uint8Array | undefined> {
    const operation = this.#openProof(options);
    if (data) return this.#prove(operation, data);
    const detail = "authenticator.start";
    const fail = (error: unknown) => this.calls.operations.take(operation.id)?.fail(error);
    const { connectTimeout } = this.#parts.engineOptions;
    const late = () => fail(new MqttError("provider-timeout", { detail, limit: connectTimeout }));
    const stops = [operation.release, limit(undefined, connectTimeout, late)];
    operation.release = () => {
      for (const stop of stops) stop?.();
    };
    this.#attempts.introduce().then(
      (first) => {
        stops[1]?.();
        this.#prove(operation, first);
      },
      (cause) => fail(asMqttError(cause, "provider-failed", { detail })),
    );
    return operation.promise;
  }

  #openProof(options: OperationOptions): Operation<Uint8Array | undefined> {
    return this.calls.open(options, ({ answer }) => answer?.authenticationData);
  }

  #prove<T>(operation: Operation<T>, data: Uint8Array | undefined): Promise<T> {
    this.calls.submit(operation, (raw, number) => raw.reauthenticate(number, data));
    return operation.promise;
  }

  /** Ends the client after what was called before. */
  async close(options: RawDisconnect, signal: AbortSignal | undefined): Promise<void> {
    const { calls } = this;
    if (!calls.engine) this.terminate();
    let release = () => {};
    await new Promise<unknown>((resolve, reject) => {
      const leave = (drainTimeout: number) => {
        try {
          const answer = calls.engine?.call((raw) => raw.disconnect({ ...options, drainTimeout }));
          (answer as Promise<void> | undefined)?.catch(reject);
        } catch (error) {
          reject(error);
        }
      };
      // Calls that wait for their turn have as much time as what is under way.
      release = limit(signal, options.drainTimeout, () => leave(0));
      if (signal?.aborted) leave(0);
      else calls.enqueue(() => leave(options.drainTimeout));
      this.closed.then(resolve);
    }).finally(() => release());
  }

  /** Ends the client now. */
  terminate(): void {
    this.#giveUp(undefined);
  }

  /** Has packets shown while somebody listens. */
  tap(): void {
    this.calls.try((raw) => raw.tap(this.#parts.events.has("packet")));
  }

  /** Tells what no call waits for. */
  report(error: MqttError): void {
    this.#reports.error(error);
  }

  /** The subscription is gone here, so the server is asked even if nobody waits for its answer any more. */
  async #unsubscribe(subscription: ActiveSubscription, options: RawUnsubscribeOptions): Promise<void> {
    const ids = Uint32Array.from(this.subscriptions.remove(subscription));
    if (ids.length === 0) return;
    await this.calls.operate(
      {},
      (raw, operation) => raw.unsubscribe(operation, ids, options),
      () => {},
    );
  }

  async #createEngine(): Promise<void> {
    const { load, engineOptions, events } = this.#parts;
    try {
      if (engineOptions.durable) this.#outbox = this.#openOutbox();
      const [glue, outbox] = await Promise.all([load(this.#room), this.#outbox, this.#attempts.load()]);
      if (this.#isClosed) return;
      const { calls } = this;
      const engine = new Engine(
        glue,
        { ...engineOptions, durable: outbox !== undefined },
        {
          resolve: async (number) => {
            this.#page?.look();
            const target = await this.#attempts.target(number);
            this.#page?.look(); // what the network means to this address
            return target;
          },
          message: (topic, batch, at) => this.#message(topic, batch, at),
          record: (record) => this.#record(record),
          store: (changes, all, newest = calls.operations.newest) => outbox?.save(changes, all, newest),
          crashed: (error) => this.#finish(error),
        },
      );
      calls.engine = this.#decoder = engine;
      if (outbox) engine.call((raw) => raw.restore(outbox.take(), Date.now()));
      if (events.has("packet")) this.tap();
      this.#page = watchPage({
        changed: (presence, offline) => {
          const isCutOff = offline && !this.#attempts.isLocal;
          // Held locks keep a page from being kept for the Back button, and its successor may be of the same site.
          if (presence === LEFT) this.#claim.drop();
          else if (this.#opening && !this.#claim.isHeld) return this.#enter();
          this.#attempts.look(); // first: what expired while the page slept is of no use to a probe
          this.calls.try((raw) => raw.wake(presence, isCutOff));
        },
        blocked: (address) => {
          if (this.#isConnecting && this.#attempts.isAt(address)) this.calls.try((raw) => raw.block());
        },
      });
    } catch (error) {
      this.#finish(asMqttError(error, "wasm-load-failed"));
    }
  }

  #openOutbox(): Promise<Outbox | undefined> {
    const { options, engineOptions, urls } = this.#parts;
    const { calls } = this;
    return openOutbox(options, sessionName(urls.first, engineOptions.clientId), this.#end.signal, {
      stored: (upTo) => {
        calls.try((raw) => raw.stored());
        calls.operations.stored(upTo);
      },
      failed: () => calls.try((raw) => raw.storeFailed()),
      again: () => calls.try((raw) => raw.storeAgain()),
      error: (code, init) => new MqttError(code, init),
      report: (error) => this.report(error),
      end: (error) => this.#giveUp(error),
    });
  }

  #message(topic: Topic, batch: Batch, at: number): void {
    const { events } = this.#parts;
    this.subscriptions.deliver(topic, batch, at);
    if (events.has("message"))
      events.emit("message", new ReceivedMessage(topic.name, batch, at, this.context));
  }

  #record(record: BatchRecord): void {
    const { events } = this.#parts;
    switch (record.kind) {
      case "completed":
        this.calls.operations.take(record.operation)?.settle(record);
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
        this.subscriptions.drop(record.subscription, this.#reports.notice(record.error));
        break;
      case "challenge":
        this.#attempts.challenge(record.data, (data, giveUp) =>
          this.calls.try((raw) => raw.authenticate(data, giveUp)),
        );
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

  #onFailed({ operation, error, reasonCodes, delivery }: FailedRecord): void {
    const { operations } = this.calls;
    operations.learn(operation, delivery);
    if (error.code === "client-closed") return; // the end of the client: `#settle` tells of it, with the reason
    if (reasonCodes.length > 0) Object.assign(error, { reasonCodes });
    operations.take(operation)?.fail(error);
  }

  #onConnected(server: ServerInfo): void {
    const { protocolVersion, sessionPresent } = server;
    this.#attempts.accepted();
    this.server = server;
    this.#reports.log("info", "connected", { protocolVersion, sessionPresent });
    if (this.#opening && this.calls.operations.take(this.#opening.id)) this.#opening.resolve();
    this.#parts.events.emit("connect", server);
  }

  #onDisconnected({ delay, attempt, error }: DisconnectedRecord): void {
    const { events } = this.#parts;
    const why = error && { error };
    const { code, reasonCode } = error ?? {};
    this.#reports.log(error ? "warn" : "info", "disconnected", { code, reasonCode, attempt, delay });
    const { wasAccepted, follows } = this.#attempts.ended(error, attempt);
    if (wasAccepted) events.emit("disconnect", { ...why, willReconnect: delay !== undefined });

    // An end without an error was wanted, and the client comes back when the page does. A listener may have closed it.
    if (delay === undefined || !error || this.#isClosed) return;
    const isFirst = this.#opening !== undefined && this.calls.operations.has(this.#opening.id);
    if (follows || this.#attempts.wantsRetry(error, attempt, isFirst)) {
      events.emit("reconnecting", { attempt, ...(this.state !== "suspended" && { delay }), ...why });
    } else this.#giveUp(error);
  }

  #giveUp(error: MqttError | undefined): void {
    this.calls.try((raw) => {
      raw.terminate();
      raw.flush(); // what became of each message
    });
    this.#finish(error);
  }

  /** The end: whoever waits is told, nothing is kept. */
  #finish(error: MqttError | undefined): void {
    if (this.#isClosed) return;
    this.#attempts.giveUp(error);
    this.#lastStats = this.stats;
    this.#page?.stop();
    this.#claim.drop();
    const told = this.calls.end(error);
    this.#end.abort();
    this.#setState("closed");

    // A worker has to tell its last, and the last changes have to be written, before anybody is told what became of his message.
    const settle = () => this.#settle(error);
    const outbox = told ? told.then(() => this.#outbox) : this.#outbox;
    const written = outbox?.then((outbox) => outbox?.close());
    // Without an engine there were none, and the store may never open.
    if (written && this.#decoder) written.then(settle, settle);
    else settle();
    written?.catch(() => {});
  }

  #settle(error: MqttError | undefined): void {
    if (this.#opening && error) this.calls.operations.take(this.#opening.id)?.fail(error);
    this.calls.rejectAll();
    this.subscriptions.endAll(error);
    this.#resolveClosed(error);
  }

  get #isConnecting(): boolean {
    return this.state === "connecting" || this.state === "reconnecting";
  }

  get #isClosed(): boolean {
    return this.state === "closed";
  }

  #setState(state: ClientState): void {
    if (state === this.state) return;
    this.state = state;
    this.#reports.log("debug", "state", state);
    this.#parts.events.emit("state", state);
  }
}
