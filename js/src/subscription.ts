import { alone, type Batch, type Topic } from "./batch.js";
import type { RawUnsubscribeOptions } from "./boundary.js";
import { asyncDispose } from "./dispose.js";
import { MqttError } from "./errors.js";
import { contain } from "./events.js";
import { type Message, type MessageContext, ReceivedMessage } from "./message.js";
import { unsubscribeArguments } from "./normalize.js";
import type { Operation } from "./operations.js";
import type { BufferOptions, SubscribeOptions, UnsubscribeOptions } from "./options.js";
import type { OperationOptions, QoS } from "./types.js";

/** Takes a message. A promise that it returns is watched for failure, not waited for. */
export type MessageHandler = (message: Message) => unknown;

/**
 * One or more filters and what gets their messages: the handler, or `for await` over this object, or both.
 *
 * Without a handler, messages are buffered from the start; with one, from the first iteration on. The buffer is
 * bounded (`SubscribeOptions.buffer`). Iteration ends after `unsubscribe()` and `close()`, and throws when the client
 * gave up or the server has ended the subscription, in each case after what is buffered. Leaving a loop does not unsubscribe; several loops share the messages.
 */
export interface Subscription extends AsyncIterable<Message>, AsyncDisposable {
  /** The filters, in the order they were given. */
  readonly filters: readonly string[];
  /** The quality of service that the server granted for each filter. */
  readonly granted: readonly QoS[];
  /** How many messages were dropped because the buffer was full. */
  readonly dropped: number;
  /**
   * Stops the messages at once and resolves when the server confirmed it. The server is asked only when no other
   * subscription of this client has the filter. Calling it again does no harm.
   */
  unsubscribe(options?: UnsubscribeOptions): Promise<void>;
}

/** @internal What subscriptions need of their client. */
export interface SubscriptionContext extends MessageContext {
  /** Waits for what `run` starts. Not at all, and without starting it, when the client is closed. */
  wait(options: OperationOptions, run: (operation: Operation<void>) => void): Promise<void>;
  /** Asks the server, and resolves when it has confirmed. */
  unsubscribe(subscription: ActiveSubscription, raw: RawUnsubscribeOptions): Promise<void>;
  /** Something went wrong that no call waits for. */
  report(error: MqttError): void;
}

/** @internal */
export class ActiveSubscription implements Subscription {
  readonly filters: readonly string[];
  granted: readonly QoS[] = [];
  dropped = 0;
  readonly #handler: MessageHandler | undefined;
  readonly #context: SubscriptionContext;
  readonly #buffer: MessageBuffer;
  readonly #copies: boolean;
  #buffering: boolean;
  #overflowing = false;
  #unsubscribed: Promise<void> | undefined;

  constructor(
    filters: readonly string[],
    handler: MessageHandler | undefined,
    { buffer = {}, copyPayload = false }: SubscribeOptions,
    context: SubscriptionContext,
  ) {
    this.filters = filters;
    this.#handler = handler;
    this.#context = context;
    this.#buffer = new MessageBuffer(buffer);
    this.#buffering = !handler;
    this.#copies = copyPayload;
  }

  async unsubscribe(options: UnsubscribeOptions = {}): Promise<void> {
    const raw = unsubscribeArguments(options);
    await this.#context.wait(options, ({ resolve, reject }) => {
      this.end();
      this.#unsubscribed ??= this.#context.unsubscribe(this, raw);
      this.#unsubscribed.then(resolve, reject);
    });
  }

  [asyncDispose](): Promise<void> {
    return this.unsubscribe();
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    this.#buffering = true;
    let left = false;
    const iterator: AsyncIterator<Message, undefined> = {
      next: async () => {
        const value = left ? undefined : await this.#buffer.take(iterator);
        if (this.#buffer.isEmpty) this.#overflowing = false;
        return value ? { done: false, value } : { done: true, value };
      },
      return: async () => {
        left = true;
        this.#buffer.leave(iterator);
        return { done: true, value: undefined };
      },
    };
    return iterator;
  }

  deliver(topic: string, batch: Batch, at: number, filter: string): void {
    if (this.#buffer.ended) return;
    const message = this.#copies
      ? new ReceivedMessage(topic, alone(batch, at), 0, this.#context, filter)
      : new ReceivedMessage(topic, batch, at, this.#context, filter);
    if (this.#handler) contain(this.#handler, message, this.#fail);
    if (!this.#buffering) return;

    const loser = this.#buffer.put(message);
    if (!loser) return;
    this.dropped++;
    loser.reject(QUOTA_EXCEEDED); // so that with manualAck the server does not wait for it
    if (this.#overflowing || this.#buffer.conflates) return;
    this.#overflowing = true; // told once until the reader has caught up
    const hint = "Read faster, raise `buffer.max`, or choose `buffer.overflow`; `dropped` counts.";
    this.#context.report(
      new MqttError("dropped-from-queue", { detail: "subscription buffer is full", hint }),
    );
  }

  readonly #fail = (cause: unknown): void => {
    this.#context.report(new MqttError("handler-failed", { detail: "message handler", cause }));
  };

  /** The engine knows it. A worker says so later: it may have ended by then, and nobody has told the engine. */
  added(): void {
    if (this.#unsubscribed) this.#context.unsubscribe(this, {}).catch(() => {});
  }

  /** No more messages. What is buffered can still be read; then iteration ends or throws `error`. */
  end(error?: MqttError): void {
    this.#buffer.end(error);
  }
}

/** A `next()` that waits, and the loop that called it. */
interface Reader {
  readonly loop: object;
  resolve(message: Message | undefined): void;
  reject(error: MqttError): void;
}

/** A bounded buffer with readers that wait. */
class MessageBuffer {
  readonly #max: number;
  readonly #overflow: BufferOptions["overflow"];
  readonly #messages = new Map<unknown, Message>(); // in order; the key is the topic or the message itself
  #readers: Reader[] = [];
  ended = false;
  #error: MqttError | undefined;

  constructor({ max = 1000, overflow = "drop-oldest" }: BufferOptions) {
    this.#max = Math.max(1, max);
    this.#overflow = overflow;
  }

  get isEmpty(): boolean {
    return this.#messages.size === 0;
  }

  /** True: dropping the older message of a topic is what was asked for. */
  get conflates(): boolean {
    return this.#overflow === "latest-per-topic";
  }

  /** Returns the message that had to go. */
  put(message: Message): Message | undefined {
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve(message);
      return;
    }
    const key = this.conflates ? message.topic : message;
    const older = this.#messages.get(key);
    const full = !older && this.#messages.size >= this.#max;
    if (full && this.#overflow === "drop-newest") return message;
    const loser = full ? this.#shift() : older;
    this.#messages.set(key, message);
    return loser;
  }

  take(loop: object): Promise<Message | undefined> {
    const message = this.#shift();
    if (message || (this.ended && !this.#error)) return Promise.resolve(message);
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => this.#readers.push({ loop, resolve, reject }));
  }

  /** The loop takes no more: what it waits for is for others. */
  leave(loop: object): void {
    const mine = this.#readers.filter((reader) => reader.loop === loop);
    this.#readers = this.#readers.filter((reader) => reader.loop !== loop);
    for (const reader of mine) reader.resolve(undefined);
  }

  end(error?: MqttError): void {
    if (this.ended) return;
    this.ended = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) {
      if (error) reader.reject(error);
      else reader.resolve(undefined);
    }
  }

  #shift(): Message | undefined {
    const [first] = this.#messages;
    if (first) this.#messages.delete(first[0]);
    return first?.[1];
  }
}

/** @internal Which subscriptions there are for the engine's subscription ids, one id per distinct filter. */
export class Subscriptions {
  /** Who has each filter. Topics share these lists, so a change makes a new one. */
  readonly #byId = new Map<number, readonly Target[]>();
  /** Changes with the subscriptions. */
  #epoch = 1;

  add(subscription: ActiveSubscription, ids: Iterable<number>): void {
    this.#epoch++;
    let index = 0;
    for (const id of ids) {
      const filter = subscription.filters[index++] ?? "";
      const targets = this.#of(id);
      if (!isAmong(targets, subscription)) this.#byId.set(id, [...targets, { subscription, filter }]);
    }
    subscription.added();
  }

  /** Returns the ids that nobody uses any more. */
  remove(subscription: ActiveSubscription): number[] {
    this.#epoch++;
    const unused: number[] = [];
    for (const [id, targets] of this.#byId) {
      if (!isAmong(targets, subscription)) continue;
      const others = targets.filter((target) => target.subscription !== subscription);
      this.#byId.set(id, others);
      if (others.length > 0) continue;
      this.#byId.delete(id);
      unused.push(id);
    }
    return unused;
  }

  /** The server has ended it; who has no other one ends as well. */
  drop(id: number, error: MqttError): void {
    this.#epoch++;
    const targets = this.#of(id);
    this.#byId.delete(id);
    const others = [...this.#byId.values()].flat();
    for (const { subscription } of targets) if (!isAmong(others, subscription)) subscription.end(error);
  }

  /** Hands a message to everybody it belongs to. */
  deliver(topic: Topic, batch: Batch, at: number): void {
    if (topic.epoch !== this.#epoch) this.#route(topic);
    for (const { subscription, filter } of topic.targets) subscription.deliver(topic.name, batch, at, filter);
  }

  /** Finds who gets the messages of a topic: once each, even when several filters match. */
  #route(topic: Topic): void {
    topic.targets = topic.routes.length > 1 ? this.#merge(topic.routes) : this.#of(topic.routes[0] ?? 0);
    topic.epoch = this.#epoch;
  }

  #merge(ids: readonly number[]): Target[] {
    const targets = new Map<ActiveSubscription, Target>();
    for (const id of ids)
      for (const target of this.#of(id))
        if (!targets.has(target.subscription)) targets.set(target.subscription, target);
    return [...targets.values()];
  }

  #of(id: number): readonly Target[] {
    return this.#byId.get(id) ?? NOBODY;
  }

  endAll(error?: MqttError): void {
    for (const targets of this.#byId.values())
      for (const { subscription } of targets) subscription.end(error);
    this.#byId.clear();
  }
}

/** @internal Who gets a message, and for which filter. */
export interface Target {
  readonly subscription: ActiveSubscription;
  readonly filter: string;
}

const NOBODY: readonly Target[] = [];

function isAmong(targets: readonly Target[], wanted: ActiveSubscription): boolean {
  return targets.some(({ subscription }) => subscription === wanted);
}

const QUOTA_EXCEEDED = 0x97;
