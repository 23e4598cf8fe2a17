import type { ConnectSocketOptions, Host, HostSocketTask } from "./host.js";

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

/** The host's socket; `own` is what its family wants to be told beside. What fails is told `events` from here on. */
export function openTask(
  host: Host,
  { url, protocols }: WireRequest,
  events: WireEvents,
  own: Partial<ConnectSocketOptions>,
): HostSocketTask {
  const options: ConnectSocketOptions = {
    url,
    ...(protocols.length > 0 && { protocols: [...protocols] }),
    ...own,
    success: () => events.accepted(),
    fail: (failure) => events.failed(failure),
  };
  const task = host.connectSocket(options) as HostSocketTask | undefined;
  if (typeof task?.onOpen !== "function") throw NO_TASK;
  task.onError((failure) => events.failed(failure));
  return task;
}

/** Callbacks of a `send`. */
export function outcome(done: (failure?: unknown) => void) {
  return { success: () => done(), fail: (failure?: unknown) => done(failure ?? UNSAID) };
}

/** An orderly end. Nobody waits for its outcome, but without callbacks some hosts answer with a promise that rejects. */
export function closeTask(task: HostSocketTask): void {
  task.close({ code: 1000, reason: "", success() {}, fail() {} });
}

/** Stands for a failure of which the host says nothing. */
const UNSAID = { errMsg: "" } as const;

/** Thrown for a `connectSocket` that answers nothing, unless its `fail` says more. */
const NO_TASK = { errMsg: "connectSocket returned no socket" } as const;
