import type { BatchRecord, CompletedRecord } from "./batch.js";
import { type EngineOptions, JOINS, type RawEngine } from "./boundary.js";
import type { Engine } from "./engine.js";
import { MqttError } from "./errors.js";
import { type Complete, type Operation, Operations } from "./operations.js";
import { Turns } from "./turns.js";
import type { OperationOptions, PublishResult, QoS } from "./types.js";

/** Tells the engine of an operation, under its number. */
type Submit = (raw: RawEngine, operation: number) => void;

/** A message on its way to the engine. */
export interface Outgoing {
  readonly qos: QoS;
  /** Bytes that it holds until then. */
  readonly size: number;
  /** What has to be done before. */
  readonly reading?: Promise<void> | undefined;
  /** Whether it goes to the store. */
  readonly isKept: boolean;
  /** Its call resolves with this status when the engine or the store has it, and what fails later is told. */
  readonly early?: { readonly when: "queued" | "stored"; readonly status: number } | undefined;
}

/** A call that waits, and what it waits for beside its turn. */
interface Turn {
  readonly run: (engine: Engine) => void;
  reading: Promise<unknown> | undefined;
}

const LONGEST_TASK_MS = 8;
const STATUSES = ["sent", "acknowledged", "completed", "queued", "stored"] as const;
const SENT: PublishResult = Object.freeze({ qos: 0, status: "sent", reasonCode: 0 });

/** What the answer to a publish means. */
export function publishResult(
  { status, reasonCodes, packetId, answer }: CompletedRecord,
  qos: QoS,
): PublishResult {
  if (qos === 0 && status === 0) return SENT;
  const result: { -readonly [K in keyof PublishResult]: PublishResult[K] } = {
    qos,
    status: STATUSES[status] ?? "completed",
    reasonCode: reasonCodes[0] ?? 0,
  };
  if (packetId > 0) result.packetId = packetId;
  return answer ? Object.assign(result, answer) : result;
}

/** How many messages may wait for their turn, and their bytes. */
type Limits = Pick<EngineOptions, "maxMessages" | "maxBytes">;

const STORED = "Nothing to do: the next client with this `clientId` and `store` sends the message.";

/** The calls of one client, in the order they were made: they wait while the engine loads, or an earlier one is read. */
export class Calls {
  readonly operations = new Operations();
  /** Set once it is loaded, and unset at the end. */
  engine: Engine | undefined;
  readonly #boot: () => Promise<void>;
  readonly #report: (error: MqttError) => void;
  readonly #limits: Limits;
  /** Messages that wait here, and their bytes. */
  #messages = 0;
  #bytes = 0;
  #booting: Promise<void> | undefined;
  /** Calls that wait for an earlier one, or for the engine to load. */
  readonly #queue = new Set<Turn>();
  /** Somebody sees to them. */
  #isAdvancing = false;
  /** The operation that messages at QoS 0 may join. */
  #joined: Operation<PublishResult> | undefined;
  readonly #turns = new Turns(() => this.#advance());
  #end: { readonly error: MqttError | undefined } | undefined;

  /** `boot` runs with the first call. It sets `engine`, or ends everything. */
  constructor(boot: () => Promise<void>, report: (error: MqttError) => void, limits: Limits) {
    this.#boot = boot;
    this.#report = report;
    this.#limits = limits;
  }

  /** True: a call now reaches the engine before it returns. */
  get isDirect(): boolean {
    return this.engine !== undefined && this.#queue.size === 0;
  }

  /** Hands a call to the engine when its turn comes, and promises the answer. `message`: it publishes this one. */
  operate<T>(
    options: OperationOptions,
    submit: Submit,
    complete: Complete<T>,
    message?: Outgoing,
  ): Promise<T> {
    const operation = this.open(options, complete);
    if (message) operation.qos = message.qos;
    this.submit(operation, submit, message);
    return operation.promise;
  }

  /**
   * Publishes at once, while `isDirect`, what has no options but QoS and RETAIN: `flags` of `RawEngine.publish`. Messages at QoS 0 that
   * leave with the same bytes are one operation, since their fate is one; each call has a promise of its own.
   */
  publish(topic: string, payload: Uint8Array, flags: number, isKept: boolean): Promise<PublishResult> {
    const engine = this.engine as Engine;
    const { operations } = this;
    const qos = (flags & 3) as QoS;
    if (qos > 0) {
      engine.publish(operations.next, topic, payload, flags);
      const operation = this.#accept(qos);
      operation.isKept = isKept;
      return operation.promise;
    }
    const hasJoined = engine.publish(operations.next, topic, payload, flags | JOINS);
    if (!hasJoined) this.#joined = this.#accept(qos);
    return (this.#joined as Operation<PublishResult>).promise.then();
  }

  /** What the engine has taken under the next number. It reports later, so it cannot have settled. */
  #accept(qos: QoS): Operation<PublishResult> {
    const operation = this.operations.add(publishResult);
    operation.qos = qos;
    operation.delivery = "unknown";
    this.operations.submitted(operation);
    return operation;
  }

  /** A call whose `submit` follows. */
  open<T>(options: OperationOptions, complete: Complete<T>): Operation<T> {
    this.assertOpen();
    return this.operations.open(options, complete, this.#cancel);
  }

  readonly #cancel = (
    operation: Pick<Operation<unknown>, "delivery" | "id" | "isSubmitted">,
  ): void | Promise<void> => {
    const { id, delivery, isSubmitted } = operation;
    if (!isSubmitted) return;
    const learn = (isUnsent: boolean | undefined) => {
      if (isUnsent && delivery) operation.delivery = "none";
    };
    const answer = this.try((raw) => raw.cancel(id));
    return answer instanceof Promise ? answer.then(learn) : learn(answer);
  };

  /** Hands it to the engine when its turn comes, unless it was given up by then. */
  submit<T>(operation: Operation<T>, submit: Submit, message?: Outgoing): void {
    if (message) operation.delivery = "none";
    if (this.isDirect && !message?.reading) this.#tell(operation, submit, message);
    else this.#tellLater(operation, submit, message);
  }

  #tell<T>(operation: Operation<T>, submit: Submit, message: Outgoing | undefined): void {
    const { operations } = this;
    try {
      this.engine?.call(submit, operation.id);
      operations.submitted(operation);
      if (message) this.#handle(operation, message);
    } catch (error) {
      operations.take(operation.id)?.fail(error);
    }
  }

  #tellLater<T>(operation: Operation<T>, submit: Submit, message: Outgoing | undefined): void {
    const { operations } = this;
    const fail = (error: unknown) => operations.take(operation.id)?.fail(error);
    const reading = message?.reading;
    const leave = message && this.#line(message);
    if (message && !leave) {
      fail(new MqttError("queue-full", { limit: this.#limits.maxMessages }));
      return;
    }
    reading?.catch((cause) =>
      fail(new MqttError("invalid-argument", { detail: "Blob cannot be read", cause })),
    );
    // One that is given up holds up the others no longer.
    const turn = reading && Promise.race([reading, operation.promise]).catch(() => {});
    this.enqueue(() => {
      leave?.();
      if (operations.has(operation.id)) this.#tell(operation, submit, message);
    }, turn);
  }

  /** Takes a message in line, if there is room, and returns what takes it out again. */
  #line({ size }: Outgoing): (() => void) | undefined {
    const { maxMessages, maxBytes } = this.#limits;
    // One alone always fits: the engine judges it when its turn comes.
    if (this.#messages > 0 && (this.#messages >= maxMessages || this.#bytes + size > maxBytes)) return;
    this.#messages++;
    this.#bytes += size;
    return () => {
      this.#messages--;
      this.#bytes -= size;
    };
  }

  #handle<T>(operation: Operation<T>, { isKept, early }: Outgoing): void {
    operation.isKept = isKept;
    if (!early) return;
    const late = (error: unknown) => {
      if ((error as MqttError).delivery !== "stored") this.#report(error as MqttError);
    };
    const reach = () => operation.reach(early.status, late);
    if (early.when === "queued") reach();
    else this.operations.whenStored(operation, reach);
  }

  /** Promises what neither engine nor server answers: `run` gets what settles it, unless the client ends before. */
  async wait<T>(options: OperationOptions, run: (operation: Operation<T>) => void): Promise<T> {
    this.assertOpen();
    const operation = this.operations.open<T>(
      options,
      () => undefined as T,
      () => {},
    );
    try {
      run(operation);
      return await operation.promise;
    } finally {
      this.operations.take(operation.id);
    }
  }

  /** Runs `run` now, or after everything that waits and `reading`. Not at all when the client is closed by then. */
  enqueue(run: (engine: Engine) => void, reading?: Promise<unknown>): void {
    if (this.engine && this.#queue.size === 0 && !reading) {
      run(this.engine);
      return;
    }
    this.#booting ??= this.#boot();
    this.#queue.add({ run, reading });
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    this.#advanceAfter(this.#booting);
  }

  #advanceAfter(wait: Promise<unknown>): void {
    const advance = () => this.#advance();
    wait.then(advance, advance); // who reads is told elsewhere; the others go on
  }

  /** Hands over what waits; after a while in another task, so that the page can do something else. */
  #advance(): void {
    const end = performance.now() + LONGEST_TASK_MS;
    for (const turn of this.#queue) {
      const { run, reading } = turn;
      if (reading) {
        turn.reading = undefined;
        this.#advanceAfter(reading);
        return;
      }
      if (performance.now() > end) {
        this.#turns.ask();
        return;
      }
      this.#queue.delete(turn);
      if (this.engine) run(this.engine);
    }
    this.#isAdvancing = false;
  }

  /** A call to the engine that nobody waits for: without an engine there is nothing to do. */
  try<T>(run: (raw: RawEngine) => T): T | undefined {
    try {
      return this.engine?.call(run);
    } catch {
      return undefined;
    }
  }

  assertOpen(): void {
    if (this.#end) throw new MqttError("client-closed", { cause: this.#end.error });
  }

  /** From now on nothing reaches the engine. Who waits is told by `rejectAll`, after what this promises. */
  end(error: MqttError | undefined): Promise<void> | undefined {
    this.#end = { error };
    const { engine } = this;
    this.engine = undefined;
    this.#turns.end();
    try {
      const rest = engine?.free() ?? [];
      if (rest instanceof Promise) return rest.then((records) => this.#settle(records));
      this.#settle(rest as readonly BatchRecord[]);
    } catch {} // it crashed before or just now
    return undefined;
  }

  /** What the engine told last. */
  #settle(records: readonly BatchRecord[]): void {
    const { operations } = this;
    for (const record of records) {
      if (record.kind === "completed") operations.take(record.operation)?.settle(record);
      else if (record.kind === "failed") operations.learn(record.operation, record.delivery);
    }
  }

  rejectAll(): void {
    const error = this.#end?.error;
    const code = error?.code === "engine-crashed" ? error.code : "client-closed";
    const cause = error?.code === code ? error.cause : error;
    this.operations.failAll((isStored) => new MqttError(code, { cause, ...(isStored && { hint: STORED }) }));
  }
}
