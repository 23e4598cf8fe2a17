// MQTT 3.1.1 as far as a load server needs it: packets found through the mask, and PUBLISH packets made in advance.

const NOTHING = Buffer.alloc(0);
const ZEROS = Buffer.alloc(4);

/**
 * Finds packets in WebSocket payloads. `read(bytes, start, end, key, onPacket)` calls `onPacket(first, view)` for each one;
 * the view is the same object every time.
 */
export class PacketReader {
  #rest = NOTHING; // an unmasked packet that ends in a later frame
  #view = new PacketView();

  read(bytes, start, end, key, onPacket) {
    if (this.#rest.length > 0) {
      const joined = Buffer.concat([this.#rest, unmask(bytes, start, end, key, start)]);
      this.#rest = NOTHING;
      this.read(joined, 0, joined.length, ZEROS, onPacket);
      return;
    }
    let at = start;
    while (at < end) {
      const view = this.#view;
      if (!view.find(bytes, at, end, key, start)) {
        this.#rest = unmask(bytes, at, end, key, start);
        return;
      }
      onPacket(view.byte(at), view);
      at = view.end;
    }
  }
}

/** One packet, still masked. `body` is where its variable header begins. */
class PacketView {
  /** Points the view at the packet that begins at `from`; false if it does not end before `end`. */
  find(bytes, from, end, key, base) {
    this.bytes = bytes;
    this.from = from;
    this.key = key;
    this.base = base;
    let length = 0;
    let at = from + 1;
    for (let scale = 1; ; scale *= 128) {
      if (at >= end) return false;
      const byte = this.byte(at++);
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    this.body = at;
    this.end = at + length;
    return this.end <= end;
  }

  byte(i) {
    return this.bytes[i] ^ this.key[(i - this.base) & 3];
  }

  word(i) {
    return (this.byte(i) << 8) | this.byte(i + 1);
  }

  /** The packet identifier of a PUBLISH above QoS 0. */
  get publishId() {
    return this.word(this.body + 2 + this.word(this.body));
  }

  /** A copy without the mask. */
  copy() {
    return unmask(this.bytes, this.from, this.end, this.key, this.base);
  }
}

function unmask(bytes, from, end, key, base) {
  const copy = Buffer.allocUnsafe(end - from);
  for (let i = from; i < end; i++) copy[i - from] = bytes[i] ^ key[(i - base) & 3];
  return copy;
}

/** A PUBLISH from the server. */
export function publish(topic, payload, qos = 0, id = 0) {
  const name = Buffer.from(topic);
  const identifier = qos > 0 ? [id >> 8, id & 0xff] : [];
  let rest = 2 + name.length + identifier.length + payload.length;
  const head = [0x30 | (qos << 1)];
  for (; rest > 127; rest >>= 7) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  return Buffer.concat([
    Buffer.from([...head, name.length >> 8, name.length & 0xff]),
    name,
    Buffer.from(identifier),
    payload,
  ]);
}
