// Alipay's way: a wrapper around what listeners get, and Base64 where others have an ArrayBuffer.
import { fromBase64, toBase64 } from "./base64.js";
import type { Host } from "./host.js";
import { closeTask, openTask, outcome, type Wire, type WireEvents, type WireRequest } from "./transport.js";

interface MyEvent {
  readonly data?: { readonly data?: unknown; readonly isBuffer?: boolean };
}

export function openMyWire(host: Host, request: WireRequest, events: WireEvents): Wire {
  const { protocols, header } = request;
  const task = openTask(host, request, events, {
    multiple: true,
    // `protocols` is typed and has no effect on some versions; the header is what the vendor advises for error 8.
    header: { ...(protocols.length > 0 && { "Sec-WebSocket-Protocol": protocols.join(", ") }), ...header },
  });
  task.onOpen(() => events.opened(undefined));
  task.onMessage((event?: MyEvent) => {
    const { data, isBuffer } = event?.data ?? {};
    // What is not Base64 after all ends the connection, as text does.
    events.received(isBuffer && typeof data === "string" ? (fromBase64(data)?.buffer ?? data) : data);
  });
  task.onClose(() => events.closed(undefined, ""));
  return {
    send: (bytes, done) =>
      void task.send({ data: toBase64(new Uint8Array(bytes)), isBuffer: true, ...outcome(done) }),
    close: () => closeTask(task),
  };
}
