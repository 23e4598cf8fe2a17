import { pause } from "./limits.js";
import type { PolicyWatch } from "./page.js";

/** How the opening of a WebSocket ended. */
export type SocketAnswer =
  | { readonly kind: "open"; readonly protocol: string }
  | { readonly kind: "closed"; readonly code: number }
  | { readonly kind: "silent" }
  /** The constructor threw an exception of this name. */
  | { readonly kind: "threw"; readonly name: string }
  /** The page's Content Security Policy forbids it. */
  | { readonly kind: "forbidden" };

/** Time for `close` and for a policy violation to be reported after `error`; some browsers never fire `close`. */
const CLOSE_GRACE = 100;

/** Opens a WebSocket, tells how that went, and closes it again: at the latest when `signal` is aborted. */
export async function openSocket(
  url: URL,
  subprotocols: readonly string[],
  policy: PolicyWatch,
  signal: AbortSignal,
): Promise<SocketAnswer> {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, [...subprotocols]);
  } catch (error) {
    return { kind: "threw", name: (error as Error).name };
  }
  const answer = await settled(socket, signal);
  release(socket);
  return answer.kind === "closed" && policy.refused(url) ? { kind: "forbidden" } : answer;
}

function settled(socket: WebSocket, signal: AbortSignal): Promise<SocketAnswer> {
  return new Promise((resolve) => {
    socket.onopen = () => resolve({ kind: "open", protocol: socket.protocol });
    socket.onclose = ({ code }) => resolve({ kind: "closed", code });
    socket.onerror = () => pause(CLOSE_GRACE, signal).then(() => resolve({ kind: "closed", code: 1006 }));
    signal.addEventListener("abort", () => {
      release(socket);
      resolve({ kind: "silent" });
    });
  });
}

function release(socket: WebSocket): void {
  socket.onopen = socket.onclose = socket.onerror = null;
  socket.close();
}
