import type { Host } from "./host.js";

/** What a socket is opened with. */
export interface WireRequest {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly header: Readonly<Record<string, string>>;
}

/** What a host tells of a socket, in the words of all hosts. Any of it may come late, twice or never. */
export interface WireEvents {
  /** Dialling has begun; that says nothing of success. */
  accepted(): void;
  /** `header`: that of the server's answer, where the host shows it. */
  opened(header: unknown): void;
  /** An ArrayBuffer of any realm, text, or whatever else the host made of a message. */
  received(data: unknown): void;
  failed(failure: unknown): void;
  closed(code: number | undefined, reason: string): void;
}

/** One socket of a host. */
export interface Wire {
  /** Hands over a whole message. `done` is told how that went. */
  send(bytes: ArrayBuffer, done: (failure?: unknown) => void): void;
  /** Asks for an orderly end; what comes of it is told as an event, or not at all. */
  close(): void;
}

/** Opens a socket in the words of one family of hosts. Throws what the host throws. */
export type OpenWire = (host: Host, request: WireRequest, events: WireEvents) => Wire;

/** What a server takes for an orderly end. */
export const NORMAL = { code: 1000, reason: "" } as const;

/** For calls whose outcome nobody waits for: without callbacks some hosts answer with a promise that rejects. */
export const UNWATCHED = { success() {}, fail() {} } as const;

/** Stands for a failure of which the host says nothing. */
export const UNSAID = { errMsg: "" } as const;

/** Thrown for a `connectSocket` that answers nothing, unless its `fail` says more. */
export const NO_TASK = { errMsg: "connectSocket returned no socket" } as const;
