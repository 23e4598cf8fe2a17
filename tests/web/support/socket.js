/** A WebSocket whose network is the script of a case. */
export class ScriptedSocket {
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  protocol = "";
  onopen = null;
  onmessage = null;
  onerror = null;
  onclose = null;
  /** Bytes of every `send`. */
  sent = [];
  /** Arguments of every `close`. */
  closed = [];
  /** The next `send` throws. */
  broken = false;

  send(bytes) {
    if (this.broken || this.readyState !== 1) throw new DOMException("not open", "InvalidStateError");
    this.sent.push(bytes.slice()); // the bytes are lent: they lie in linear memory
  }

  close(...args) {
    this.closed.push(args);
    this.readyState = 2;
  }

  /** Handlers as a browser would answer: whatever is no function is null. */
  get handlers() {
    return [this.onopen, this.onmessage, this.onerror, this.onclose].map((handler) => handler ?? null);
  }

  /** The server accepts. */
  open(protocol = "mqtt") {
    Object.assign(this, { readyState: 1, protocol });
    this.onopen?.({});
  }

  /** A frame comes. */
  frame(data) {
    this.onmessage?.({ data });
  }

  /** A binary frame with these packets comes; returns its buffer. */
  receive(...packets) {
    const { buffer } = Uint8Array.from(packets.flatMap((packet) => Array.from(packet)));
    this.frame(buffer);
    return buffer;
  }

  /** The browser gives up; some say no more than this, and WebKit says so before it changes the state. */
  fail(readyState = 3) {
    Object.assign(this, { readyState });
    this.onerror?.({});
  }

  /** The connection is gone. */
  end(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}
