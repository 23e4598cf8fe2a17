// Alipay's way: a wrapper around what listeners get, and Base64 where others have an ArrayBuffer.
import { fromBase64, toBase64 } from "./base64.js";
import type { ConnectSocketOptions, Host, HostSocketTask } from "./host.js";
import {
  NO_TASK,
  NORMAL,
  UNSAID,
  UNWATCHED,
  type Wire,
  type WireEvents,
  type WireRequest,
} from "./transport.js";

interface MyEvent {
  readonly data?: { readonly data?: unknown; readonly isBuffer?: boolean };
}

export function openMyWire(host: Host, request: WireRequest, events: WireEvents): Wire {
  const { url, protocols, header } = request;
  const options: ConnectSocketOptions = {
    url,
    multiple: true,
    // `protocols` is typed and has no effect on some versions; the header is what the vendor advises for error 8.
    ...(protocols.length > 0 && { protocols: [...protocols] }),
    header: { ...(protocols.length > 0 && { "Sec-WebSocket-Protocol": protocols.join(", ") }), ...header },
    success: () => events.accepted(),
    fail: (failure) => events.failed(failure),
  };
  const task = host.connectSocket(options) as HostSocketTask | undefined;
  if (typeof task?.onOpen !== "function") throw NO_TASK;
  task.onOpen(() => events.opened(undefined));
  task.onMessage((event?: MyEvent) => {
    const { data, isBuffer } = event?.data ?? {};
    // What is not Base64 after all ends the connection, as text does.
    events.received(isBuffer && typeof data === "string" ? (fromBase64(data)?.buffer ?? data) : data);
  });
  task.onError((failure) => events.failed(failure));
  task.onClose(() => events.closed(undefined, ""));
  return {
    send(bytes, done) {
      const data = toBase64(new Uint8Array(bytes));
      task.send({
        data,
        isBuffer: true,
        success: () => done(),
        fail: (failure?: unknown) => done(failure ?? UNSAID),
      });
    },
    close: () => void task.close({ ...NORMAL, ...UNWATCHED }),
  };
}
