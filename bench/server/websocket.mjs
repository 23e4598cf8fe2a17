// WebSocket (RFC 6455) at its barest: the server's side of the handshake, and frames that are never copied or unmasked whole.
import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const FIRST_CONTROL = 8;
const CLOSE = 8;

/** Answers an HTTP upgrade request, with the subprotocol `mqtt` where it was offered. */
export function accept({ headers }, socket) {
  const key = createHash("sha1")
    .update(headers["sec-websocket-key"] + GUID)
    .digest("base64");
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${key}`,
  ];
  const offered = (headers["sec-websocket-protocol"] ?? "").split(/,\s*/);
  if (offered.includes("mqtt")) lines.push("Sec-WebSocket-Protocol: mqtt");
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
}

/** One unmasked binary frame with these parts, as a server sends it. */
export function frame(...parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([0x82, ...lengthBytes(length, 0)]), ...parts]);
}

/** One frame as a client sends it, with a mask of zeros: for the measurement of the server itself. */
export function clientFrame(...parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([0x82, ...lengthBytes(length, 0x80), 0, 0, 0, 0]), ...parts]);
}

function lengthBytes(length, flag) {
  if (length < 126) return [flag | length];
  if (length < 65_536) return [flag | 126, length >> 8, length & 0xff];
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return [flag | 127, ...bytes];
}

/**
 * Reads the frames of one connection. `push(chunk, onData)` calls `onData(bytes, start, end, key)` for each binary frame:
 * byte `i` of its payload is `bytes[i] ^ key[(i - start) & 3]`. It answers false when the other side says goodbye.
 */
export class FrameReader {
  #waiting = []; // pieces of a frame that is not complete yet, joined only once
  #missing = 0;

  push(chunk, onData) {
    if (this.#missing > chunk.length) {
      this.#waiting.push(chunk);
      this.#missing -= chunk.length;
      return true;
    }
    const bytes = this.#waiting.length > 0 ? Buffer.concat([...this.#waiting, chunk]) : chunk;
    this.#waiting = [];
    this.#missing = 0;
    let at = 0;
    for (;;) {
      const header = readHeader(bytes, at);
      const missing = header === undefined ? 1 : header.end - bytes.length;
      if (missing > 0) {
        if (at < bytes.length) {
          this.#waiting = [bytes.subarray(at)];
          this.#missing = missing;
        }
        return true;
      }
      if (header.opcode === CLOSE) return false;
      // MQTT is a stream: a message that the browser sent in fragments needs no putting together.
      if (header.opcode < FIRST_CONTROL) onData(bytes, header.start, header.end, header.key);
      at = header.end;
    }
  }
}

const ZEROS = Buffer.alloc(4);

/** Where a frame's payload lies; nothing while its header is not complete. */
function readHeader(bytes, at) {
  if (bytes.length < at + 2) return undefined;
  const masked = (bytes[at + 1] & 0x80) !== 0;
  const short = bytes[at + 1] & 0x7f;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = at + 2 + extra + (masked ? 4 : 0);
  if (bytes.length < start) return undefined;
  const length =
    extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const key = masked ? bytes.subarray(start - 4, start) : ZEROS;
  return { opcode: bytes[at] & 0x0f, start, end: start + length, key };
}
