import type { WebSocketLike } from "../options.js";
import { ownBuffer } from "./buffers.js";
import type { Host } from "./host.js";
import type { OpenWire, Wire, WireRequest } from "./transport.js";

/** Milliseconds after which nobody will take a new socket any more, and one that was refused without a word has failed. */
const UNCLAIMED = 10_000;
const WORDLESS = 1000;
/** Milliseconds that an error waits for the close that belongs to it, and has the better words. */
const CLOSING = 100;
/** Milliseconds after which a host that does not say what became of a message is taken to have sent it. */
const UNANSWERED = 5000;

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

type Handler = ((event: never) => unknown) | null;

/**
 * A socket of a host with the face of a `WebSocket`. It ends once, whatever the host tells in which order and how often;
 * events wait until somebody listens.
 */
export class HostSocket implements WebSocketLike {
  binaryType = "arraybuffer";
  protocol = "";
  readyState = CONNECTING;
  onopen: Handler = null;
  onmessage: Handler = null;
  onerror: Handler = null;
  /** What the host said of its end, or of not coming into being. */
  failure: unknown;
  /** Whether the host has said that dialling began. */
  isAccepted = false;
  #wire: Wire | undefined;
  #onclose: Handler = null;
  /** Events that wait for a listener, while there was none yet. */
  #early: (() => void)[] | undefined = [];
  readonly #unclaimed: ReturnType<typeof setTimeout>;
  #unsent = 0;
  /** When the host last said something about a message, or got one with none under way. */
  #heard = 0;
  #given = false;

  constructor(open: OpenWire, host: Host, request: WireRequest) {
    this.#unclaimed = setTimeout(() => this.close(), UNCLAIMED);
    try {
      this.#wire = open(host, request, {
        accepted: () => {
          this.isAccepted = true;
          if (this.#given) this.#closeWire();
        },
        opened: (header) => this.#opened(header, request.protocols),
        received: (data) => this.#received(data),
        failed: (failure) => this.#fail(failure, this.readyState === OPEN ? CLOSING : 0),
        closed: (code = 1006, reason) => this.#end(code, reason),
      });
    } catch (thrown) {
      setTimeout(() => this.#fail(thrown), WORDLESS); // its `fail` may say more
    }
    if (this.#given) this.#closeWire(); // it was told to end within the call
  }

  /** Bytes that the host has not sent yet, as far as it says. */
  get bufferedAmount(): number {
    if (this.#unsent > 0 && Date.now() - this.#heard > UNANSWERED) this.#unsent = 0;
    return this.#unsent;
  }

  get onclose(): Handler {
    return this.#onclose;
  }

  /** Set last by whoever takes the socket over. */
  set onclose(handler: Handler) {
    this.#onclose = handler;
    clearTimeout(this.#unclaimed);
    if (!handler || !this.#early) return;
    Promise.resolve().then(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const tell of early) tell();
    });
  }

  /** The host gets a buffer of exactly these bytes: it sends the whole of what is behind a view. */
  send(data: BufferSource): void {
    if (this.readyState !== OPEN) throw new Error("The socket is not open.");
    const bytes = new Uint8Array(data as Uint8Array).buffer as ArrayBuffer;
    const { byteLength } = bytes;
    if (this.#unsent === 0) this.#heard = Date.now();
    this.#unsent += byteLength;
    let isDone = false;
    const done = (failure?: unknown) => {
      if (isDone) return;
      isDone = true;
      this.#heard = Date.now();
      this.#unsent = Math.max(0, this.#unsent - byteLength);
      if (failure === undefined || this.readyState === CLOSED) return;
      this.#closeWire();
      this.#fail(failure); // bytes are missing now: nothing that follows would make sense
    };
    try {
      this.#wire?.send(bytes, done);
    } catch (thrown) {
      done(thrown);
    }
  }

  close(): void {
    clearTimeout(this.#unclaimed);
    if (this.#given) return;
    this.readyState = CLOSED;
    this.#given = true;
    this.#closeWire();
  }

  /** Hosts may take no notice before they said that the socket is there, or open: then it is closed again. */
  #closeWire(): void {
    try {
      this.#wire?.close();
    } catch {} // it is gone
  }

  #opened(header: unknown, protocols: readonly string[]): void {
    if (this.#given) this.#closeWire();
    if (this.readyState !== CONNECTING) return;
    this.readyState = OPEN;
    this.protocol = selected(header) ?? protocols[0] ?? "";
    this.#tell(() => this.onopen?.({} as never));
  }

  #received(data: unknown): void {
    if (this.readyState === OPEN) this.#tell(() => this.onmessage?.({ data: ownBuffer(data) } as never));
  }

  #fail(failure: unknown, delay = 0): void {
    if (this.readyState === CLOSED) return;
    this.failure ??= failure;
    if (delay > 0) setTimeout(() => this.#end(1006, ""), delay);
    else this.#end(1006, "");
  }

  #end(code: number, reason: string): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#unsent = 0;
    this.#tell(() => this.#onclose?.({ code, reason } as never));
  }

  #tell(event: () => void): void {
    if (this.#early) this.#early.push(event);
    else event();
  }
}

/** The subprotocol that the server selected, where the host shows its answer; what was offered is as good otherwise. */
function selected(header: unknown): string | undefined {
  const name = Object.keys(Object(header)).find((key) => key.toLowerCase() === "sec-websocket-protocol");
  const value = name && (header as Record<string, unknown>)[name];
  return typeof value === "string" && value ? value : undefined;
}
