import type { Closable } from "./boundary.js";

/** A socket that opens while the engine loads. It notes what the engine misses, which is told again when it listens. */
export interface EarlySocket extends Closable {
  readonly readyState: number;
}

/** Opens one; nothing where that fails at once, since the engine will get the same answer. */
export function openEarly(url: string, protocols: readonly string[]): EarlySocket | undefined {
  try {
    const missed: Event[] = [];
    const socket: WebSocket = new WebSocket(url, [...protocols]);
    const note = (event: Event) => void missed.push(event);
    socket.onopen = socket.onerror = socket.onclose = note;
    socket.onmessage = () => {
      socket.onclose = null; // a server that speaks first is for the engine to judge, on a socket of its own
      socket.close();
    };
    return Object.assign(socket, { missed });
  } catch {
    return undefined;
  }
}

/** Whether the engine can tell what became of it: a policy of the page may have ended it without a `close`. */
export function isUsable({ readyState, missed }: EarlySocket): boolean {
  return readyState <= WebSocket.OPEN || missed?.at(-1)?.type === "close";
}
