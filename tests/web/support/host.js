import { ScriptedSocket } from "./socket.js";

const STRIDE = 12;
const KINDS = [
  "",
  "topic",
  "message",
  "completed",
  "failed",
  "state",
  "connected",
  "disconnected",
  "closed",
  "notice",
  "challenge",
  "packet",
];
const STATES = ["idle", "connecting", "connected", "reconnecting", "suspended", "closing", "closed"];
const NO_RETRY = 0xffff_ffff;

/** What the engine calls. Keeps everything that it is told; `hooks` run before, in the call itself. */
export class Host {
  /** Set when the engine exists. */
  engine = undefined;
  /** `{ records, chunk }` of every batch. */
  batches = [];
  /** Numbers of the attempts that asked for a target. */
  attempts = [];
  /** Sockets that were announced. */
  sockets = [];
  /** `{ changes, all }` of every call of the store. */
  stores = [];
  /** Calls of `onFault`. */
  faults = 0;
  #memory;
  #hooks;
  #topics = new Map();

  constructor(memory, hooks) {
    this.#memory = memory;
    this.#hooks = hooks;
  }

  get records() {
    return this.batches.flatMap(({ records }) => records);
  }

  /** Records of one kind. */
  of(kind) {
    return this.records.filter((record) => record.kind === kind);
  }

  resolve(attempt) {
    this.attempts.push(attempt);
    return this.#hooks.resolve?.(attempt) ?? Promise.resolve(target());
  }

  onSocket(socket) {
    this.sockets.push(socket);
    this.#hooks.onSocket?.(this.engine);
  }

  onBatch(address, count, chunk, details) {
    this.#hooks.onBatch?.(this.engine);
    const words = new Uint32Array(this.#memory.buffer, address, count * STRIDE);
    const records = [];
    for (let at = 0; at < words.length; at += STRIDE) {
      records.push(this.#record(words.slice(at, at + STRIDE), chunk, details));
    }
    this.batches.push({ records, chunk });
    queueMicrotask(() => records.map((record) => this.#hooks.handler?.(record, this.engine)));
  }

  onStore(changes, all) {
    this.#hooks.onStore?.(this.engine);
    this.stores.push({ changes: [...changes], all });
  }

  schedule() {
    this.#hooks.schedule?.(this.engine);
    queueMicrotask(() => {
      if (this.engine.__wbg_ptr !== 0) this.engine.flush(); // not freed meanwhile
    });
  }

  makeError(code, reasonCode, at, limit, statement, text, closeCode, retryable, serverReference) {
    this.#hooks.makeError?.(this.engine);
    const fields = { code, reasonCode, at, limit, statement, text, closeCode, retryable, serverReference };
    return Object.assign(new Error(`code ${code} ${text ?? ""}`), fields);
  }

  onFault() {
    this.faults++;
  }

  #record(w, chunk, details) {
    const kind = KINDS[w[0]];
    const detail = details[w[7] - 1];
    switch (kind) {
      case "topic":
        this.#topics.set(w[1], new TextDecoder().decode(this.#bytes(w[2], w[3])));
        return { kind, id: w[1], topic: this.#topics.get(w[1]) };
      case "message":
        return this.#message(w, chunk);
      case "completed":
      case "failed":
        return { kind, op: w[1], status: w[3], packetId: w[4], reasons: this.#bytes(w[5], w[6]), detail };
      case "state":
        return { kind, state: STATES[w[1]] };
      case "disconnected":
        return { kind, delay: w[2] === NO_RETRY ? undefined : w[2], attempt: w[3], detail };
      case "challenge":
        return { kind, data: this.#bytes(w[2], w[3]) };
      case "packet":
        return {
          kind,
          direction: w[1] === 1 ? "received" : "sent",
          head: this.#bytes(w[2], w[3]),
          protocolVersion: w[4],
          size: w[5],
        };
      case "connected":
      case "closed":
      case "notice":
        return { kind, detail };
    }
    throw new Error(`unknown record ${w[0]}`);
  }

  #message(w, chunk) {
    const [, id, flags, ...where] = w;
    const [payloadAt, payloadLength, propertiesAt, propertiesLength, routesAt, routes, token] = where;
    const inMemory = (flags & 16) !== 0;
    const part = (at, length) => (inMemory ? this.#bytes(at, length) : new Uint8Array(chunk, at, length));
    return {
      kind: "message",
      topic: this.#topics.get(id),
      flags: flags & 15,
      inMemory,
      payload: part(payloadAt, payloadLength),
      properties: part(propertiesAt, propertiesLength),
      routes: Array.from(new Uint32Array(this.#memory.buffer, routesAt, routes)),
      token,
    };
  }

  /** A copy out of linear memory. */
  #bytes(at, length) {
    return new Uint8Array(this.#memory.buffer, at, length).slice();
  }
}

/** Where a scripted attempt goes. */
export function target(fields = {}) {
  return { url: "wss://host.invalid/mqtt", protocols: ["mqtt"], socket: new ScriptedSocket(), ...fields };
}
