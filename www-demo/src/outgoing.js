import { PublishBook } from "./publish-book.js";

/** Packets that tell what becomes of a message, by the numbers of their types (Table 2-1): the others need no decoding. */
const SENT = { CONNECT: 1, PUBLISH: 3 };
const RECEIVED = { CONNACK: 2, PUBACK: 4, PUBREC: 5, PUBCOMP: 7 };
const TELLING = { sent: Object.values(SENT), received: Object.values(RECEIVED) };

/** The publishes of one client after the other: hands them over, follows them, counts what waits. */
export class Outgoing {
  book = new PublishBook();
  /** Messages that an earlier visit left in this browser, as far as they are known to wait. */
  #restored = 0;
  /** How many of them still do, as far as the client was asked. */
  #stillRestored = 0;
  #client;
  #outbox;
  #isKept = false;
  #inspect;
  #untap;
  #onChange;

  /** @param {() => void} onChange something became of a message */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Follows a client that has not started. `outbox` names its store, if it has one. */
  follow(client, createInspector, outbox) {
    this.#client = client;
    this.#isKept = outbox !== undefined;
    this.#outbox = outbox ?? client;
    this.#inspect = createInspector();
    this.#restored = this.#stillRestored = 0;
    client.on("connect", () => this.#countRestored());
    // A store may hold anything, and topics are told by the packets only.
    if (this.#isKept) this.#tap();
  }

  /** The client ends: what is stored waits for the next one. */
  leave() {
    if (!this.#client) return;
    this.book.left(this.#outbox);
    this.#untap?.();
    this.#untap = this.#client = undefined;
    this.#onChange();
  }

  /** What waits now: `{ queued, inFlight, restored }`, of which `restored` were there before this page; `held` for the next client. */
  get waiting() {
    if (!this.#client) {
      const stored = this.#own.filter(({ isStored }) => isStored).length;
      const held = stored + this.#stillRestored;
      return { queued: 0, inFlight: 0, restored: this.#stillRestored, held };
    }
    const { queuedMessages: queued, inFlight } = this.#client.stats;
    const foreign = Math.max(0, queued + inFlight - this.#own.length);
    this.#stillRestored = Math.min(foreign, this.#restored);
    return { queued, inFlight, restored: this.#stillRestored, held: 0 };
  }

  get isKept() {
    return this.#isKept;
  }

  /** Publishes, and resolves when the message is safe: with the server, or in the store. */
  async publish(topic, payload, options) {
    const { qos = 0 } = options;
    const row = this.book.add({ topic, qos, outbox: this.#outbox }, performance.now());
    if (qos > 0) this.#tap();
    const until = this.#isKept && qos > 0 ? { until: "stored" } : {};
    try {
      const done = this.#client.publish(topic, payload, { ...options, ...until });
      this.#onChange();
      this.book.reached(row, await done, performance.now());
    } catch (error) {
      this.book.failed(row, error, performance.now());
      if (row.status === "failed") throw error;
    } finally {
      this.#rest();
      this.#onChange();
    }
    return row;
  }

  /** Takes an `error` event that tells of a publish. */
  tell(error) {
    if (!this.#isKept || !this.book.failedLater(this.#outbox, error, performance.now())) return;
    this.#onChange();
  }

  /** Counted until a connection is there: what is restored is restored before. */
  look() {
    if (this.#isKept && this.#client && !this.#client.server) this.#countRestored();
  }

  get #own() {
    return this.book.open(this.#outbox).filter(({ isRestored }) => !isRestored);
  }

  #countRestored() {
    if (!this.#isKept) return;
    const { queuedMessages, inFlight } = this.#client.stats;
    this.#restored = Math.max(this.#restored, queuedMessages + inFlight - this.#own.length);
  }

  #tap() {
    this.#untap ??= this.#client.on("packet", (packet) => this.#observe(packet));
  }

  /** Looking at packets costs, so without a store it ends with the last message on its way. */
  #rest() {
    if (this.#isKept || this.book.open(this.#outbox).some(({ qos }) => qos > 0)) return;
    this.#untap?.();
    this.#untap = undefined;
  }

  #observe(packet) {
    if (!TELLING[packet.direction].includes(packet.head[0] >> 4)) return;
    const details = this.#inspect(packet);
    // Aliases that were set while nobody looked would name wrong topics.
    if (!this.#isKept && details.properties?.topicAlias) details.topic = undefined;
    this.book.observe(this.#outbox, details, performance.now());
    this.#rest();
    this.#onChange();
  }
}
