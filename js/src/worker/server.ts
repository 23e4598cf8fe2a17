// What runs in the worker: the engine with its socket and timers, and its conversation with the page.
import type { Closable, EngineHost, EngineOptions, Glue, RawEngine, Target } from "../boundary.js";
import { take } from "../intake.js";
import { MemoryView } from "../memory.js";
import { Turns } from "../turns.js";
import {
  type Command,
  type Described,
  type Item,
  PUBLISH_WORDS,
  type Publishes,
  type Refusal,
} from "./messages.js";
import { type ReportHost, Reports } from "./reports.js";

/** The page's end of the conversation. */
export interface PagePort {
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** Numbers of error codes at the boundary. */
const DROPPED = 23;
const CRASHED = 60;
/** `readyState` of a WebSocket between handshake and end, and after it. */
const OPEN = 1;
const CLOSED = 3;
/** Milliseconds that a socket without an engine may take to send the rest. */
const LINGER_MS = 60_000;

class Description implements Described {
  constructor(readonly made: Described["made"]) {}
}

/** One engine in a worker, and what it answers to the page. */
export class EngineServer {
  readonly #glue: Glue;
  readonly #port: PagePort;
  #reports: Reports;
  #raw: RawEngine | undefined;
  #socket: (Closable & { readonly readyState?: number }) | undefined;
  readonly #memory: MemoryView;
  /** What is being read. */
  #chunk: ArrayBuffer | undefined;
  /** Where the latest attempt goes. */
  #origin: string | undefined;
  /** The newest operation that the engine knows. */
  #newest = 0;
  readonly #flush = () => this.#try(() => this.#raw?.flush());
  readonly #turns = new Turns(this.#flush);
  readonly #attempts = new Map<number, { resolve(target: Target): void; reject(refusal: Refusal): void }>();

  constructor(glue: Glue, port: PagePort) {
    this.#glue = glue;
    this.#memory = new MemoryView(glue.memory);
    this.#port = port;
    this.#reports = this.#report(false);
  }

  /** Does what the page wants done in one turn. */
  take(commands: readonly Command[]): void {
    for (const command of commands) this.#try(() => this.#do(command));
  }

  /** The worker's policy refused a request to this address. */
  blocked(address: string): void {
    if (this.#origin === originOf(address) && this.#socket?.readyState !== OPEN)
      this.#try(() => this.#raw?.block());
  }

  /** Something came that cannot be understood, or code of the worker failed. */
  crash(cause: unknown): void {
    this.#raw = undefined;
    const socket = this.#socket;
    if (socket) socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
    socket?.close();
    this.#reports.end();
    const text = cause === undefined ? undefined : String((cause as Error).stack ?? cause);
    this.#port.postMessage(
      { items: [["crashed", text]], block: undefined, chunks: [], counts: false, stats: undefined },
      [],
    );
  }

  #report(isManual: boolean): Reports {
    const host: ReportHost = {
      post: (report, transfer) => this.#port.postMessage(report, transfer),
      acknowledge: (tokens) => {
        // Before the flush that the engine has asked for, and not from within its report.
        queueMicrotask(() => {
          for (const token of tokens) this.#try(() => this.#raw?.acknowledge(token, 0));
        });
      },
      dropped: (count) => describeAs(DROPPED, `${count} messages with QoS 0: the page was busy`),
      stats: () => this.#raw?.stats(),
    };
    return new Reports(host, isManual);
  }

  #do(command: Command): void {
    const raw = this.#raw;
    switch (command[0]) {
      case "open":
        this.#open(command[1]);
        return;
      case "taken":
        this.#reports.taken();
        return;
      case "stats":
        this.#reports.wantStats();
        return;
      case "reach":
        this.#answer(command[1], undefined);
        return;
      case "target":
        this.#attempt(command[1])?.resolve(command[2]);
        return;
      case "refuse":
        this.#attempt(command[1])?.reject({ refused: command[2], retryable: command[3] });
        return;
    }
    if (!raw) return;
    switch (command[0]) {
      case "publishes":
        this.#publish(raw, command[1]);
        return;
      case "ping":
        this.#operate(command[1], () => raw.ping(command[1]));
        return;
      case "reauthenticate":
        this.#operate(command[1], () => raw.reauthenticate(command[1], command[2]));
        return;
      case "unsubscribe":
        this.#operate(command[1], () => raw.unsubscribe(command[1], command[2], command[3]));
        return;
      case "subscribe": {
        const [, question, operation, filters, options] = command;
        let ids: unknown;
        this.#operate(operation, () => {
          ids = raw.subscribe(operation, filters, options, () => {});
        });
        this.#answer(question, ids);
        return;
      }
      case "cancel":
        this.#answer(command[1], raw.cancel(command[2]));
        return;
      case "disconnect": {
        const [, question, options] = command;
        const error = this.#refusal(() => raw.disconnect(options));
        this.#answer(question, undefined, error);
        return;
      }
      case "free":
        raw.flush(); // what became of each message
        raw.free();
        this.#raw = undefined;
        this.#reports.add(["freed"]);
        this.#leave();
        return;
      default: {
        const [name, ...args] = command;
        (raw[name] as (...args: unknown[]) => void).apply(raw, args);
      }
    }
  }

  /** With its worker a socket would lose what it has been given and not sent yet, so that goes first. */
  #leave(): void {
    const gone = () => this.#reports.add(["gone"]);
    const socket = this.#socket;
    if (!socket || socket.readyState === CLOSED) {
      gone();
      return;
    }
    socket.onclose = gone;
    setTimeout(gone, LINGER_MS);
  }

  #open(options: EngineOptions): void {
    this.#reports = this.#report(options.manualAck);
    // Acknowledgements leave when the message is on its way to the page, or can wait for it: `Reports` decides.
    const error = this.#refusal(() => {
      this.#raw = this.#glue.createEngine(this.#host(), { ...options, manualAck: true });
    });
    if (error) this.#reports.close(error);
  }

  #publish(raw: RawEngine, { block, table, count, topics, properties }: Publishes): void {
    const words = new Uint32Array(block, table, count * PUBLISH_WORDS);
    let at = 0;
    for (let row = 0; row < words.length; row += PUBLISH_WORDS) {
      const operation = words[row] ?? 0;
      const topic = topics[words[row + 2] ?? 0] ?? "";
      const payload = new Uint8Array(block, at, words[row + 3]);
      at += payload.length;
      const own = properties[(words[row + 4] ?? 0) - 1];
      this.#operate(operation, () => raw.publish(operation, topic, payload, words[row + 1] ?? 0, own));
    }
  }

  /** An operation that the engine refuses fails. */
  #operate(operation: number, run: () => void): void {
    const error = this.#refusal(run);
    if (error) this.#reports.refuse(operation, error);
    else this.#newest = operation;
  }

  #answer(question: number, value: unknown, error?: Described): void {
    this.#reports.add(["answer", question, value, error]);
  }

  #attempt(attempt: number) {
    const waiting = this.#attempts.get(attempt);
    this.#attempts.delete(attempt);
    return waiting;
  }

  #host(): EngineHost {
    const { memory } = this.#glue;
    return {
      resolve: (attempt) => {
        this.#reports.add(["resolve", attempt]);
        return new Promise<Target>((resolve, reject) => {
          const start = (target: Target) => {
            this.#origin = originOf(target.url);
            resolve(target);
          };
          this.#attempts.set(attempt, { resolve: start, reject });
        });
      },
      onSocket: (socket) => {
        this.#socket = socket;
        socket.onmessage = ({ data }: { readonly data: unknown }) => this.#onMessage(socket, data);
      },
      onBatch: (address, length, count, details = []) =>
        this.#reports.batch(new Uint32Array(memory.buffer, address, length), count, this.#chunk, details),
      onStore: (changes, all) => {
        const item: Item = ["store", changes, all, this.#newest];
        this.#reports.add(item);
      },
      schedule: (later) => (later ? this.#turns.ask() : queueMicrotask(this.#flush)),
      makeError: (...made) => new Description(made),
      onFault: () => this.crash(undefined),
    };
  }

  #onMessage(socket: Closable, data: unknown): void {
    const raw = this.#raw;
    if (!raw || socket !== this.#socket) return;
    this.#chunk = data as ArrayBuffer;
    this.#try(() => {
      if (!take(raw, this.#memory, data)) throw new Error("the engine takes nothing any more");
    });
    this.#chunk = undefined;
  }

  /** Why the engine refuses; a trap is thrown on. */
  #refusal(run: () => void): Described | undefined {
    try {
      run();
    } catch (error) {
      if (error instanceof Description && error.made[0] !== CRASHED) return error;
      throw error;
    }
    return undefined;
  }

  #try(run: () => void): void {
    try {
      this.#refusal(run);
    } catch (error) {
      if (this.#raw) this.crash(error); // or it was told before
    }
  }
}

function describeAs(code: number, text: string): Described {
  return new Description([code, -1, -1, -1, undefined, text, -1]);
}

function originOf(url: string): string | undefined {
  try {
    return new URL(url).origin;
  } catch {
    return undefined;
  }
}
