// One socket below the host interface: a real WebSocket to a server on this machine, with states and faults.
import { WebSocket } from "ws";

/**
 * Dials `address` and tells `events(type, detail)`: "open" {header}, "message" {bytes, binary}, "error" {why},
 * "close" {code, reason}. Nothing is told after the end but what `late` makes up.
 * `ending` says in which order and how often the end is told, for instance "close, error" or "close, close".
 */
export function createLink({ address, tls, header, protocols, ending, silent, timeout, onEnd }, events) {
  let state = "connecting";
  let deaf = false;
  let socket;

  function end({ why = "handshake", code = 1006, reason = "abnormal closure", order }) {
    if (state === "closed") return;
    const was = state;
    state = "closed";
    socket?.terminate();
    onEnd();
    // R: a handshake that fails is an error only; a connection that is lost or closed has more to say.
    const telling = order ?? (was === "connecting" ? "error" : code === 1006 ? ending : "close");
    for (const type of telling.split(", ")) events(type, type === "error" ? { why } : { code, reason });
  }

  if (!silent) {
    const limits = { handshakeTimeout: timeout, perMessageDeflate: false, ...tls };
    socket = new WebSocket(address, protocols, { headers: header, ...limits });
    let answered = {};
    socket.on("upgrade", (response) => {
      answered = response.headers;
    });
    socket.on("open", () => {
      if (state !== "connecting") return;
      state = "open";
      events("open", { header: { ...answered } });
    });
    socket.on("message", (data, binary) => {
      if (state === "closed" || deaf) return;
      events("message", { bytes: Buffer.from(data), binary });
    });
    socket.on("error", (error) =>
      end({ why: reasonOf(error), order: state === "connecting" ? "error" : undefined }),
    );
    socket.on("close", (code, reason) => {
      if (deaf) return;
      const text = reason.toString() || (code === 1000 ? "normal closure" : "abnormal closure");
      end({ why: "handshake", code: code === 1005 ? 1000 : code, reason: text });
    });
  }

  return {
    get state() {
      return state;
    },
    /** Sends one WebSocket message; a deaf socket takes it and loses it. */
    send(data) {
      if (!deaf) socket?.send(data);
    },
    close(code, reason) {
      if (state === "connecting" || silent || deaf) {
        end({ code: 1006, order: "close" });
        return;
      }
      state = "closing";
      socket.close(code, reason);
    },
    end,
    /** From here on the socket still says "open", but nothing goes either way (zombies after a change of network). */
    deafen() {
      deaf = true;
    },
    /** Tells an event although the socket may have ended. */
    late: (type, detail) => events(type, detail),
  };
}

const reasonOf = ({ message }) =>
  /subprotocol/.test(message) ? "subprotocol" : /timed out/.test(message) ? "timeout" : "handshake";
