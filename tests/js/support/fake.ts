// An engine without WebAssembly code: it takes calls, and reports what a test tells it to, through real linear memory.
import type { Batch } from "../../../js/src/batch.js";
import {
  type EngineHost,
  type EngineOptions,
  type Glue,
  JOINS,
  type RawEngine,
  type Target,
} from "../../../js/src/boundary.js";
import { MqttClient } from "../../../js/src/client.js";
import type { ClientOptions, UrlSource } from "../../../js/src/options.js";
import type { ServerInfo, Stats } from "../../../js/src/types.js";

export const SERVER: ServerInfo = {
  subprotocol: "mqtt",
  protocolVersion: 5,
  sessionPresent: false,
  clientId: "from-server",
  keepAlive: 45,
  receiveMaximum: 65535,
  maximumQos: 2,
  retainAvailable: true,
  topicAliasMaximum: 0,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifiersAvailable: true,
  sharedSubscriptionAvailable: true,
};

export const STATES = ["idle", "connecting", "connected", "reconnecting", "suspended", "closing", "closed"];

/** One record as words 1 to 7, with bytes that the writer places behind all records. */
export interface FakeRecord {
  kind: number;
  words?: Record<number, number>;
  /** Word index → bytes; their position goes there and their length into the next word. */
  bytes?: Record<number, ArrayLike<number>>;
  /** Words 4 and 5: position and count of a list of words. */
  routes?: number[];
  /** Goes to `details`; word 7 tells where. */
  detail?: unknown;
}

export class FakeEngine implements RawEngine {
  readonly calls: [name: string, ...args: unknown[]][] = [];
  /** Method name → what it throws. */
  readonly throws: Record<string, unknown> = {};
  neverSent = true;
  /** What may join another publish does. */
  joins = false;
  /** It reads small messages from linear memory. */
  hasSlot = false;
  /** It takes nothing now. */
  isOnStack = false;
  /** What a test makes of a message of the socket. */
  onReceived: (bytes: Uint8Array) => void = () => {};
  #operation = 0;
  #ids = new Map<string, number>();
  readonly #topics: string[] = [];

  constructor(
    readonly host: EngineHost,
    readonly options: EngineOptions,
    readonly memory: WebAssembly.Memory,
  ) {}

  called(name: string): unknown[][] {
    return this.calls.filter(([method]) => method === name).map(([, ...args]) => args);
  }

  /** The number of the newest operation. */
  get operation(): number {
    return this.#operation;
  }

  #call(name: string, ...args: unknown[]): void {
    this.calls.push([name, ...args]);
    if (name in this.throws) throw this.throws[name];
  }

  #operate(name: string, operation: number, ...args: unknown[]): void {
    this.#call(name, ...args);
    this.#operation = operation;
  }

  restore = (records: unknown[], unixTime: number) => void this.#call("restore", records, unixTime);
  stored = () => void this.#call("stored");
  storeFailed = () => void this.#call("storeFailed");
  storeAgain = () => void this.#call("storeAgain");
  start = () => void this.#call("start");
  publish = (operation: number, topic: string, payload: Uint8Array, flags: number, properties: unknown) => {
    const hasJoined = this.joins && (flags & JOINS) !== 0;
    const number = hasJoined ? this.#operation : operation;
    this.#operate("publish", number, topic, payload.slice(), flags & ~JOINS, properties);
    return hasJoined;
  };
  subscribe = (operation: number, filters: readonly string[], options: unknown) => {
    this.#operate("subscribe", operation, [...filters], options);
    const ids = filters.map((filter) => {
      const id = this.#ids.get(filter) ?? this.#ids.size + 1;
      this.#ids.set(filter, id);
      return id;
    });
    return Uint32Array.from(ids);
  };
  unsubscribe = (operation: number, ids: Uint32Array, options: unknown) =>
    this.#operate("unsubscribe", operation, [...ids], options);
  cancel = (operation: number) => {
    this.#call("cancel", operation);
    return this.neverSent;
  };
  acknowledge = (token: number, reasonCode: number) => void this.#call("acknowledge", token, reasonCode);
  ping = (operation: number) => this.#operate("ping", operation);
  authenticate = (data: Uint8Array | undefined, giveUp: boolean) =>
    void this.#call("authenticate", data, giveUp);
  reauthenticate = (operation: number, data: Uint8Array | undefined) =>
    this.#operate("reauthenticate", operation, data);
  disconnect = (options: unknown) => {
    this.#call("disconnect", options);
    this.report({ kind: 5, words: { 1: 5 } }, { kind: 5, words: { 1: 6 } }, { kind: 8 });
  };
  terminate = () => void this.#call("terminate");
  renew = () => void this.#call("renew");
  wake = (presence: number, offline: boolean) => void this.#call("wake", presence, offline);
  block = () => void this.#call("block");
  tap = (on: boolean) => void this.#call("tap", on);
  flush = () => void this.#call("flush");
  slot = () => (this.hasSlot ? SLOT_ADDRESS : 0);
  publishWritten = (operation: number, topicLength: number, payloadLength: number, flags: number) => {
    const bytes = new Uint8Array(this.memory.buffer, SLOT_ADDRESS, topicLength + payloadLength);
    const topic = new TextDecoder().decode(bytes.slice(0, topicLength));
    return this.publish(operation, topic, bytes.slice(topicLength), flags, "written");
  };
  reserve = (length: number) => {
    this.#call("reserve", length);
    return this.isOnStack ? 0 : RECEIVED;
  };
  /** All of it. */
  needed = (filled: number) => filled;
  received = (length: number) => {
    const bytes = new Uint8Array(this.memory.buffer, RECEIVED, length);
    this.#call("received", ...bytes);
    this.onReceived(bytes);
  };
  refuseFrame = () => void this.#call("refuseFrame");
  stats = () => ({ bytesSent: 7 }) as Stats;
  free = () => void this.#call("free");

  // ── what a test makes it report ─────────────────────────────────────────────────────────────────────────────

  report(...records: FakeRecord[]): void {
    const { words, count, details } = makeBatch(records);
    new Uint32Array(this.memory.buffer).set(words, ADDRESS / 4);
    this.host.onBatch(ADDRESS, words.length, count, details);
  }

  state(name: string): void {
    this.report({ kind: 5, words: { 1: STATES.indexOf(name) } });
  }

  accept(server: Partial<ServerInfo> = {}): void {
    this.report({ kind: 5, words: { 1: 2 } }, { kind: 6, detail: { ...SERVER, ...server } });
  }

  complete(
    operation: number,
    { status = 0, packetId = 0, codes = [] as number[], answer = undefined as unknown } = {},
  ): void {
    const { words, ...bytes } = reasons(codes);
    const fields = { 1: operation, 3: status, 4: packetId, ...words };
    this.report({ kind: 3, words: fields, ...bytes, ...(answer === undefined ? {} : { detail: answer }) });
  }

  /** `fate` 1: the message of a publish may have arrived. */
  fail(operation: number, error: unknown, codes: number[] = [], fate = 0): void {
    const { words, ...bytes } = reasons(codes);
    this.report({ kind: 4, words: { 1: operation, 3: fate, ...words }, ...bytes, detail: error });
  }

  lose(error: unknown, delay = 0xffff_ffff, attempt = 1): void {
    this.report({ kind: 7, words: { 2: delay, 3: attempt }, ...(error ? { detail: error } : {}) });
  }

  message(
    topic: string,
    text: string,
    routes: number[],
    { flags = 0, token = 0, properties = [] as number[] } = {},
  ): void {
    const key = `${topic} ${routes}`;
    const known = this.#topics.indexOf(key);
    const id = known < 0 ? this.#topics.push(key) - 1 : known;
    const sent = messageRecord(id, text, { flags, token, properties });
    this.report(...(known < 0 ? [topicRecord(id, topic, routes), sent] : [sent]));
  }
}

const ADDRESS = 1024;
const SLOT_ADDRESS = 32_768;
const RECEIVED = 65_536;

/** A single reason code stands in the place of the position. */
function reasons(codes: number[]) {
  const [code = 0] = codes;
  return codes.length === 1 ? { words: { 5: code, 6: 1 } } : { bytes: { 5: codes } };
}

export function topicRecord(id: number, topic: string, routes: number[] = []): FakeRecord {
  return { kind: 1, words: { 1: id }, bytes: { 2: new TextEncoder().encode(topic) }, routes };
}

/** A message with bytes of its own. */
export function messageRecord(
  id: number,
  payload: string | readonly number[],
  { flags = 0, token = 0, properties = [] as readonly number[] } = {},
): FakeRecord {
  const body = [...properties, ...Buffer.from(payload as string)];
  const words = { 1: id, 2: flags, 4: properties.length, 5: body.length - properties.length, 6: token };
  return { kind: 2, words, detail: Uint8Array.from(body) };
}

/** Lays records out as the engine does: 8 words each, then the bytes that they point at. */
export function makeBatch(records: FakeRecord[], chunk?: ArrayBuffer): Batch {
  const words = records.flatMap(({ kind, words = {} }) =>
    Array.from({ length: 8 }, (_, index) => (index === 0 ? kind : (words[index] ?? 0))),
  );
  const details: unknown[] = [];
  const rest: number[] = [];
  const put = (values: ArrayLike<number>) => {
    const at = rest.length;
    rest.push(...Array.from(values));
    while (rest.length % 4 > 0) rest.push(0);
    return at;
  };
  records.forEach((record, index) => {
    const set = (word: number, ...values: number[]) =>
      words.splice(index * 8 + word, values.length, ...values);
    for (const [word, value] of Object.entries(record.bytes ?? {}))
      set(Number(word), put(value), value.length);
    const { routes } = record;
    if (routes) set(4, put(new Uint8Array(Uint32Array.from(routes).buffer)), routes.length);
    if ("detail" in record) set(7, details.push(record.detail));
  });
  const behind = new Uint32Array(Uint8Array.from(rest).buffer);
  return { words: Uint32Array.of(...words, ...behind), count: records.length, chunk, details };
}

export interface FakeGlue extends Glue {
  readonly engines: FakeEngine[];
}

export function fakeGlue(): FakeGlue {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const engines: FakeEngine[] = [];
  return {
    memory,
    engines,
    createEngine(host, options) {
      const engine = new FakeEngine(host, options, memory);
      engines.push(engine);
      return engine;
    },
    decodeProperties: (block) => ({ contentType: `block of ${block.length}` }),
  };
}

/** A client over a fake engine that is loaded. */
export async function createFake(options: ClientOptions = {}, url: UrlSource = "wss://example.test/mqtt") {
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, url, options);
  const started = client.start();
  started.catch(() => {});
  return { client, engine: await engineOf(glue, client), started, glue };
}

/** The engine of a client that was started: what is loaded beside it may take more than one turn. */
export async function engineOf({ engines }: FakeGlue, client: MqttClient): Promise<FakeEngine> {
  do await turn();
  while (!engines[0] && client.state !== "closed");
  if (!engines[0]) throw new Error("the engine was not created");
  return engines[0];
}

/** A client over a fake engine that the fake server accepted. */
export async function connectFake(options: ClientOptions = {}) {
  const fake = await createFake(options);
  fake.engine.accept();
  await fake.started;
  return fake;
}

/** Lets everything that is due in microtasks happen. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function resolveTarget(engine: FakeEngine, attempt = 1): Promise<Target> {
  return engine.host.resolve(attempt);
}
