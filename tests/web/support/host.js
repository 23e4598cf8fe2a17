import { ScriptedSocket } from "./socket.js";

const STRIDE = 8;
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
  /** What each call of `schedule` asked for. */
  laters = [];
  /** Calls of `onFault`. */
  faults = 0;
  #memory;
  #hooks;
  #topics = new Map();
  #chunk;

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
    socket.onmessage = ({ data }) => this.#onMessage(data);
    this.#hooks.onSocket?.(this.engine);
  }

  /** As `js/src/engine.ts` does it. */
  #onMessage(data, isLate = false) {
    if (!(data instanceof ArrayBuffer)) return this.engine.refuseFrame();
    const address = this.engine.reserve(data.byteLength);
    if (address === 0) return isLate ? undefined : queueMicrotask(() => this.#onMessage(data, true));
    new Uint8Array(this.#memory.buffer).set(new Uint8Array(data), address);
    this.#chunk = data;
    this.engine.received(data.byteLength);
    this.#chunk = undefined;
  }

  onBatch(address, length, count, details = []) {
    this.#hooks.onBatch?.(this.engine);
    const words = new Uint32Array(this.#memory.buffer, address, length).slice();
    const chunk = this.#chunk;
    const batch = { rest: words.slice(count * STRIDE), chunk, details };
    const records = Array.from({ length: count }, (_, index) =>
      this.#record(words.slice(index * STRIDE, (index + 1) * STRIDE), batch),
    );
    this.batches.push({ records, chunk });
    queueMicrotask(() => records.map((record) => this.#hooks.handler?.(record, this.engine)));
  }

  onStore(changes, all) {
    this.#hooks.onStore?.(this.engine);
    this.stores.push({ changes: [...changes], all });
  }

  schedule(later) {
    this.laters.push(later);
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

  #record(w, batch) {
    const kind = KINDS[w[0]];
    const detail = batch.details[w[7] - 1];
    const bytes = (at) => bytesOf(batch, w[at], w[at + 1]);
    switch (kind) {
      case "topic": {
        const routes = [...batch.rest.subarray(w[4] / 4, w[4] / 4 + w[5])];
        this.#topics.set(w[1], { topic: new TextDecoder().decode(bytes(2)), routes });
        return { kind, id: w[1], ...this.#topics.get(w[1]) };
      }
      case "message":
        return this.#message(w, batch.chunk, detail);
      case "completed":
      case "failed": {
        const reasons = w[6] === 1 ? Uint8Array.of(w[5]) : bytes(5);
        return { kind, op: w[1], status: w[3], packetId: w[4], reasons, detail };
      }
      case "state":
        return { kind, state: STATES[w[1]] };
      case "disconnected":
        return { kind, delay: w[2] === NO_RETRY ? undefined : w[2], attempt: w[3], detail };
      case "challenge":
        return { kind, data: bytes(2) };
      case "packet":
        return {
          kind,
          direction: w[1] === 1 ? "received" : "sent",
          head: bytes(2),
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

  #message([, id, flags, start, propertiesLength, length, token], chunk, own) {
    const part = (at, count) =>
      own ? own.subarray(start + at, start + at + count) : new Uint8Array(chunk, start + at, count);
    return {
      kind: "message",
      ...this.#topics.get(id),
      flags,
      ofItsOwn: own !== undefined,
      payload: part(propertiesLength, length),
      properties: part(0, propertiesLength),
      token,
    };
  }
}

/** Bytes behind the records. */
function bytesOf({ rest }, at, length) {
  return new Uint8Array(rest.buffer, at, length).slice();
}

/** Where a scripted attempt goes. */
export function target(fields = {}) {
  return { url: "wss://host.invalid/mqtt", protocols: ["mqtt"], socket: new ScriptedSocket(), ...fields };
}
