// One client of the load server: answers it at once, floods it, counts what it publishes.
import { Flood, makeBlock } from "./flood.mjs";
import { PacketReader } from "./packets.mjs";
import { FrameReader, frame } from "./websocket.mjs";

const IN_FLIGHT = 1000; // messages of QoS 1 and 2 on their way to a client at a time
const [CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK] = [
  0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0,
];
const [PINGRESP, MQTT_311] = [0xd0, 4];

export class Connection {
  #socket;
  #frames = new FrameReader();
  #packets = new PacketReader();
  #answers = []; // first byte and identifier of packets to go out with the next write
  #flood;
  #flying = 0;
  #limit = Number.POSITIVE_INFINITY;
  #acks = { first: PUBACK, ids: [], next: 0, hold: 0, total: 0 };
  #count = 0;
  #window;
  #armed = 0;
  #onCount = () => {};
  #onQuiet = () => {};
  echo = false;

  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("drain", () => this.#pour());
    socket.on("error", () => socket.destroy());
  }

  /** What `flood` sends from now on. */
  prepare(options) {
    this.#flood = new Flood(makeBlock(options));
    this.#limit = options.qos > 0 ? IN_FLIGHT : Number.POSITIVE_INFINITY;
  }

  /** How many messages `flood` sends when it is asked for these: whole frames. */
  planned(messages) {
    return this.#flood.planned(messages);
  }

  /** Sends at least `messages` messages; answers how many exactly. */
  flood(messages) {
    const exactly = this.#flood.order(messages);
    this.#pour();
    return exactly;
  }

  /**
   * Counts PUBLISH packets from now on. `hold` of them stay without an acknowledgement, the oldest go first; from the
   * `total`th on none are held.
   */
  count({ hold = 0, total = 0, echo = false } = {}) {
    this.#count = 0;
    this.#window = undefined;
    this.#armed = performance.now();
    this.echo = echo;
    Object.assign(this.#acks, { hold, total });
  }

  /** Resolves when `total` have come: how many a second, from the end of the first piece on. */
  counted(total) {
    return new Promise((resolve) => {
      this.#onCount = () => {
        if (this.#count < total || total === 0) return;
        this.#onCount = () => {};
        const { first, from, last } = this.#window;
        // A burst that came in one piece has no rate but that since the counting began.
        const [count, start] = first < total ? [this.#count - first, from] : [this.#count, this.#armed];
        resolve({ count: this.#count, rate: (1000 * count) / (last - start) });
      };
      this.#onCount();
    });
  }

  /** Resolves when the client has acknowledged all that the flood sent. */
  quiet() {
    return new Promise((resolve) => {
      this.#onQuiet = () => this.#flying === 0 && resolve();
      this.#onQuiet();
    });
  }

  #read(chunk) {
    const before = this.#count;
    const stays = this.#frames.push(chunk, (...frame) => this.#packets.read(...frame, this.#onPacket));
    if (!stays) this.#socket.end();
    if (this.#count !== before) this.#clock();
    this.#release();
    this.#answer();
    this.#pour();
    this.#onQuiet();
  }

  #clock() {
    const now = performance.now();
    this.#window ??= { first: this.#count, from: now };
    this.#window.last = now;
    this.#onCount();
  }

  #onPacket = (first, packet) => {
    switch (first >> 4) {
      case 1: {
        const level = packet.byte(packet.body + 6);
        this.#send(Buffer.from([CONNACK, 2, 0, level === MQTT_311 ? 0 : 1]));
        break;
      }
      case 3:
        this.#onPublish((first >> 1) & 3, packet);
        break;
      case 4:
      case 7:
        this.#flying--;
        break;
      case 5:
        this.#answers.push(PUBREL, packet.word(packet.body));
        break;
      case 6:
        this.#answers.push(PUBCOMP, packet.word(packet.body));
        break;
      case 8:
        this.#send(suback(packet));
        break;
      case 10:
        this.#answers.push(UNSUBACK, packet.word(packet.body));
        break;
      case 12:
        this.#send(Buffer.from([PINGRESP, 0]));
        break;
      case 14:
        this.#socket.end();
        break;
      default:
        throw new Error(`a client sent a packet that begins with ${first}`);
    }
  };

  #onPublish(qos, packet) {
    this.#count++;
    if (this.echo) this.#send(packet.copy());
    if (qos === 0) return;
    this.#acks.first = qos === 1 ? PUBACK : PUBREC;
    this.#acks.ids.push(packet.publishId);
  }

  /** Acknowledges what need not be held any longer. */
  #release() {
    const { first, ids, hold, total } = this.#acks;
    const keep = this.#count >= total ? 0 : hold;
    while (ids.length - this.#acks.next > keep) this.#answers.push(first, ids[this.#acks.next++]);
    if (this.#acks.next < Math.min(ids.length, 100_000)) return;
    ids.splice(0, this.#acks.next);
    this.#acks.next = 0;
  }

  /** Every answer in a frame of its own, as brokers do it, all of them with one write. */
  #answer() {
    const count = this.#answers.length / 2;
    if (count === 0) return;
    const bytes = Buffer.allocUnsafe(count * 6);
    for (let i = 0; i < count; i++) {
      bytes.writeUInt16BE(0x8204, i * 6);
      bytes.writeUInt16BE((this.#answers[2 * i] << 8) | 2, i * 6 + 2);
      bytes.writeUInt16BE(this.#answers[2 * i + 1], i * 6 + 4);
    }
    this.#answers.length = 0;
    this.#socket.write(bytes);
  }

  #pour() {
    if (this.#flood && this.#flying < this.#limit && !this.#socket.writableNeedDrain) {
      const sent = this.#flood.write(this.#socket, this.#limit - this.#flying);
      if (this.#limit === IN_FLIGHT) this.#flying += sent;
    }
  }

  #send(packet) {
    this.#socket.write(frame(packet));
  }
}

/** Grants every filter the QoS it asks for. */
function suback(subscribe) {
  const bytes = subscribe.copy();
  const start = subscribe.body - subscribe.from;
  const codes = [];
  for (let at = start + 2; at < bytes.length; ) {
    at += 2 + bytes.readUInt16BE(at);
    codes.push(bytes[at++]);
  }
  const head = [SUBACK];
  let rest = 2 + codes.length;
  for (; rest > 127; rest >>= 7) head.push((rest & 0x7f) | 0x80);
  return Buffer.from([...head, rest, bytes[start], bytes[start + 1], ...codes]);
}
