// One engine with a socket, a server, a store and a clock of the test. Whatever the engine does goes into a log.
import { createHash } from "node:crypto";
import { type Batch, flagsOf, payloadOf, propertiesOf, type Topic, tokenOf } from "../../../js/src/batch.js";
import type { EngineOptions, RawEngine, Target } from "../../../js/src/boundary.js";
import { Engine } from "../../../js/src/engine.js";
import { engineOptions } from "../../../js/src/normalize.js";
import type { ClientOptions } from "../../../js/src/options.js";
import { Clock } from "./clock.js";
import type { Flavour } from "./flavours.js";

const LONG = 64;

export class FakeSocket {
  binaryType = "blob";
  bufferedAmount = 0;
  readyState = 0;
  protocol = "mqtt";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(readonly world: World) {}

  send(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.world.tell("send", copy);
    this.world.sent?.(copy);
  }

  close(code?: number): void {
    this.readyState = 3;
    this.world.tell("close", code);
  }
}

export class World {
  readonly log: string[] = [];
  /** Of messages that wait for their acknowledgement. */
  readonly tokens: number[] = [];
  readonly store = new Map<number, Uint8Array>();
  readonly clock = new Clock((delay) => this.tell("timer", delay));
  engine!: Engine;
  socket: FakeSocket | undefined;
  /** Gets what the engine sends. */
  sent: ((bytes: Uint8Array) => void) | undefined;
  #operation = 0;

  constructor(
    readonly flavour: Flavour,
    readonly options: ClientOptions,
    readonly seed = 1,
  ) {}

  /** Begins; also again, with what the store holds, as after a crash. */
  async start(): Promise<void> {
    const durable = this.options.store !== undefined && this.options.store !== "memory";
    const options: EngineOptions = { ...engineOptions(this.options), servers: 1, durable, seed: this.seed };
    this.engine = new Engine(this.flavour.glue, options, {
      resolve: async (attempt) => {
        this.tell("resolve", attempt);
        this.socket = new FakeSocket(this);
        return { url: "wss://broker.example/", protocols: ["mqtt"], socket: this.socket } as Target;
      },
      message: (topic, batch, at) => this.#message(topic, batch, at),
      record: (record) => this.tell("record", record),
      store: (changes, all) => {
        this.tell("store", { changes, all });
        if (all) this.store.clear();
        for (let at = 0; at < changes.length; at += 2) {
          const record = changes[at + 1];
          if (record) this.store.set(changes[at] as number, (record as Uint8Array).slice());
          else this.store.delete(changes[at] as number);
        }
        queueMicrotask(() => this.call("stored", (raw) => raw.stored()));
      },
      crashed: (error) => this.tell("crashed", { code: error.code }),
    });
    if (durable) {
      const records = [...this.store].flat() as (number | Uint8Array)[];
      this.call("restore", (raw) => raw.restore(records, Date.now()));
    }
    this.call("start", (raw) => raw.start());
    await this.settle();
  }

  async open(): Promise<void> {
    const { socket } = this;
    if (socket?.readyState !== 0) return;
    socket.readyState = 1;
    socket.onopen?.();
    await this.settle();
  }

  async receive(bytes: Uint8Array): Promise<void> {
    const data = Uint8Array.from(bytes).buffer; // a Buffer would slice to a view
    if (this.socket?.readyState === 1) this.socket.onmessage?.({ data });
    await this.settle();
  }

  async cut(code = 1006, reason = ""): Promise<void> {
    const { socket } = this;
    if (!socket || socket.readyState === 3) return;
    socket.readyState = 3;
    socket.onclose?.({ code, reason });
    await this.settle();
  }

  /** A call, its answer and what it throws. Commands of a turn leave at its end. */
  call<T>(name: string, run: (raw: RawEngine, operation: number) => T): T | undefined {
    try {
      const answer = this.engine.call((raw) => run(raw, ++this.#operation));
      this.tell(name, answer);
      return answer;
    } catch (error) {
      this.tell(`${name} throws`, error);
      return undefined;
    }
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, () => this.settle());
  }

  tell(what: string, value: unknown): void {
    this.log.push(`${what} ${JSON.stringify(value, plain)}`);
  }

  #message({ name, routes }: Topic, batch: Batch, at: number): void {
    const [flags, token] = [flagsOf(batch, at), tokenOf(batch, at)];
    const properties = propertiesOf(batch, at);
    this.tell("message", { name, routes, flags, token, properties, payload: payloadOf(batch, at) });
    this.tell("properties", this.engine.decodeProperties(properties));
    if (token) this.tokens.push(token);
  }
}

/** Everything that an object says, bytes as text. */
function plain(_name: string, value: unknown): unknown {
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value).toString("hex");
    return value.length > LONG ? `${value.length}:${createHash("sha256").update(value).digest("hex")}` : hex;
  }
  if (value instanceof Uint32Array) return [...value];
  if (value instanceof Error) return { message: value.message, ...value };
  return value;
}
