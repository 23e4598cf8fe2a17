import { STATUS_CODES } from "node:http";
import net from "node:net";
import tls from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import { brokerHost, brokerPort } from "./options.mjs";

const SUBPROTOCOL = "mqtt";
const MAX_PAYLOAD = 16 * 1024 * 1024;
const DIAL_TIMEOUT_MS = 5_000;
/** A reader that is this far behind makes the other side wait. */
const HIGH_WATER_BYTES = 1024 * 1024;

/**
 * Joins MQTT over WebSocket to a broker.
 *
 * The broker is dialled before the upgrade is answered, so a page learns about a dead broker as an HTTP
 * status and not as a connection that opens and falls silent. Bytes are passed on as they are; whoever
 * reads slowly slows the other side down.
 *
 * @param {object} options
 * @param {URL} options.target broker: mqtt:, mqtts:, ws: or wss:
 * @param {number} [options.maxPayload] largest WebSocket message in bytes (larger ones close with 1009), default 16 MiB
 * @param {(request: import("node:http").IncomingMessage) => boolean} [options.allowOrigin] default: same host, or no Origin
 * @returns {{ upgrade(request, socket, head): Promise<void>, explain(): Promise<[status: number, text: string]>, close(): void, readonly connections: number }}
 */
export function createBridge({ target, maxPayload = MAX_PAYLOAD, allowOrigin = sameOrigin }) {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload,
    clientTracking: true,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  const dial = target.protocol.startsWith("ws") ? dialWebSocket : dialTcp;

  return {
    /** Answers one HTTP upgrade request: 101 when the broker is there, else the status that says why not. */
    async upgrade(request, socket, head) {
      const ignore = () => {};
      socket.on("error", ignore);
      const refusal = refuse(request, allowOrigin);
      if (refusal) return answer(socket, ...refusal);
      let broker;
      try {
        broker = await dial(target, maxPayload);
      } catch (error) {
        return answer(socket, ...unreachable(error));
      }
      if (socket.destroyed) return broker.reset();
      socket.off("error", ignore);
      const abandon = () => broker.reset(); // ws refuses what is no proper handshake
      socket.once("close", abandon);
      server.handleUpgrade(request, socket, head, (page) => {
        socket.off("close", abandon);
        join(page, broker);
      });
    },
    /** What a plain GET is told: 426, or why an upgrade would fail. So a page can find out what a WebSocket hides. */
    async explain() {
      try {
        const broker = await dial(target, maxPayload);
        broker.reset();
        return [426, "This address speaks MQTT over WebSocket."];
      } catch (error) {
        return unreachable(error);
      }
    },
    close() {
      for (const page of server.clients) page.terminate();
      server.close();
    },
    get connections() {
      return server.clients.size;
    },
  };
}

function unreachable({ timeout, message }) {
  return [timeout ? 504 : 502, `The broker cannot be reached: ${message}`];
}

function refuse(request, allowOrigin) {
  if (request.headers.upgrade?.toLowerCase() !== "websocket") return [426, "This address speaks WebSocket."];
  if (!allowOrigin(request)) return [403, "Pages from another origin may not use this bridge."];
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (!offered.includes(SUBPROTOCOL)) {
    return [400, `Offer the WebSocket subprotocol "${SUBPROTOCOL}" (Sec-WebSocket-Protocol).`];
  }
  return undefined;
}

// Any website can dial a loopback port; only our own page may talk to the visitor's broker through it.
function sameOrigin(request) {
  const { origin, host } = request.headers;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

function answer(socket, status, text) {
  const body = `${text}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Passes bytes between an open page socket and an open broker link until either ends. */
function join(page, broker) {
  page.on("message", (data, isBinary) => {
    // MQTT-6.0.0-1: MQTT travels in binary frames only.
    if (!isBinary) return page.close(1003, "MQTT needs binary frames");
    if (!broker.send(data)) page.pause();
  });
  page.on("error", () => {}); // ws closes with the right code (1009, 1002, …); `close` follows
  page.on("close", (code) => (code === 1006 ? broker.reset() : broker.end()));

  broker.attach({
    data(chunk) {
      page.send(chunk, () => {
        if (page.bufferedAmount < HIGH_WATER_BYTES) broker.resume();
      });
      if (page.bufferedAmount >= HIGH_WATER_BYTES) broker.pause();
    },
    drain: () => page.resume(),
    end: (code = 1000, reason = "the broker closed the connection") => page.close(code, reason),
    reset: () => page.close(1011, "the connection to the broker broke"),
  });
}

function dialTcp(target) {
  const at = { host: brokerHost(target), port: brokerPort(target) };
  const secure = target.protocol === "mqtts:";
  const socket = secure
    ? tls.connect({ ...at, servername: net.isIP(at.host) ? undefined : at.host })
    : net.connect(at);
  socket.setNoDelay(true);
  return settleDial(socket, secure ? "secureConnect" : "connect", () => socket.destroy(), {
    send: (data) => socket.write(data),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.destroySoon(),
    // Node resets neither TLS nor a connection whose end is on the way; for the latter it would never exit.
    reset: () => (secure || socket.writableEnded ? socket.destroy() : socket.resetAndDestroy()),
    attach({ data, drain, end, reset }) {
      socket
        .on("data", data)
        .on("drain", drain)
        .on("end", () => end());
      socket.on("error", reset);
    },
  });
}

function dialWebSocket(target, maxPayload) {
  const socket = new WebSocket(target, SUBPROTOCOL, { maxPayload, perMessageDeflate: false });
  let onDrain = () => {};
  return settleDial(socket, "open", () => socket.terminate(), {
    send(data) {
      socket.send(data, () => {
        if (socket.bufferedAmount < HIGH_WATER_BYTES) onDrain();
      });
      return socket.bufferedAmount < HIGH_WATER_BYTES;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.close(1000),
    reset: () => socket.terminate(),
    attach({ data, drain, end, reset }) {
      onDrain = drain;
      socket.on("message", data).on("error", reset);
      socket.on("close", (code, reason) => (isSendable(code) ? end(code, reason) : reset()));
    },
  });
}

/** Codes 1005, 1006 and 1015 describe a close, they must not be sent (RFC 6455, section 7.4.1). */
function isSendable(code) {
  return (
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  );
}

function settleDial(socket, readyEvent, destroy, link) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(Object.assign(new Error(`no answer within ${DIAL_TIMEOUT_MS / 1000} s`), { timeout: true }));
      destroy();
    }, DIAL_TIMEOUT_MS);
    // Kept after the promise settled: a late error must not end the process.
    socket.on("error", (error) => {
      clearTimeout(timer);
      reject(new Error(error.code ?? error.message));
    });
    socket.once(readyEvent, () => {
      clearTimeout(timer);
      resolve(link);
    });
  });
}
