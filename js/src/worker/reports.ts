import { BATCH_WORDS, type Described, type Item, type Report } from "./messages.js";
import { Pack } from "./pack.js";

/** Reports with batches that may be under way to the page. What comes meanwhile is gathered: a page that is busy gets few tasks. */
const CREDIT = 2;
/** A stream: so many batches with messages, each this close (in milliseconds) to the one before. It is gathered for a while. */
const STREAM = 4;
const STREAM_GAP_MS = 0.4;
const GATHER_MS = 4;
/** How close is close for frames from this size on, with much in them: receiving them takes longer. */
const LARGE = 4 * 1024;
const LARGE_GAP_MS = 4;
/** Calls that are done and worth a report of their own while another one is under way. */
const MANY_DONE = 48;
/** Frames up to this size are copied into the block, larger ones are transferred by themselves. */
const SMALL = 16 * 1024;
/** Bytes that wait for the page above which QoS 1 and 2 are no longer acknowledged, so that the server waits as well. */
const HELD_ABOVE = 2 ** 20;
/** Bytes that wait for the page above which messages with QoS 0 are dropped: nothing else would stop them. */
const DROPPED_ABOVE = 32 * 2 ** 20;

// The layout of `js/src/batch.ts`, as far as it matters here.
const STRIDE = 8;
enum Kind {
  Message = 2,
  Completed = 3,
  Failed = 4,
  Disconnected = 7,
  Closed = 8,
  Notice = 9,
}
const [FLAGS, START, TOKEN, DETAIL] = [2, 3, 6, 7];
const [KIND, OPERATION] = [0, 1];
const QOS = 3;

/** A message that is not acknowledged yet, and where its record is in the pack. */
interface Held {
  readonly token: number;
  readonly at: number;
  readonly isExactlyOnce: boolean;
}

/** What the reports need of their worker. */
export interface ReportHost {
  post(report: Report, transfer: ArrayBuffer[]): void;
  /** Messages may be acknowledged. */
  acknowledge(tokens: readonly number[]): void;
  /** Makes the notice that so many messages were dropped. */
  dropped(count: number): Described;
  stats(): unknown;
}

/** Gathers what the page is to be told, and sends it as fast as the page takes it. */
export class Reports {
  readonly #host: ReportHost;
  /** The application acknowledges by itself. */
  readonly #isManual: boolean;
  readonly #pack = new Pack();
  #items: Item[] = [];
  /** Batches that are not in the items yet: place, length, count and chunk of each. */
  #plain: number[] = [];
  /** Frames that are not in the pack, and other buffers that go along. */
  #chunks: ArrayBuffer[] = [];
  #transfer = new Set<ArrayBuffer>();
  /** Bytes of frames that are not in the pack. */
  #apart = 0;
  #counts = false;
  /** There is more to tell than that calls are done, and how many are. */
  #isUrgent = false;
  #done = 0;
  #wantsStats = false;
  #underWay = 0;
  #isScheduled = false;
  /** When the last batch came, how many came close behind each other, and what gathers them. */
  #lastCame = 0;
  #close = 0;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #held: Held[] = [];
  #dropped = 0;

  constructor(host: ReportHost, isManual: boolean) {
    this.#host = host;
    this.#isManual = isManual;
  }

  /** Bytes that wait for the page. */
  get #waiting(): number {
    return this.#pack.length + this.#apart;
  }

  add(item: Item): void {
    this.#list();
    this.#items.push(item);
    this.#isUrgent = true;
    this.#schedule();
  }

  wantStats(): void {
    this.#wantsStats = this.#isUrgent = true;
    this.#schedule();
  }

  /** Takes over a batch, whose words are copied. */
  batch(
    words: Uint32Array,
    count: number,
    chunk: ArrayBuffer | undefined,
    details: readonly unknown[],
  ): void {
    const start = this.#pack.length;
    const before = this.#waiting;
    const small = chunk && chunk.byteLength <= SMALL;
    const space = 4 * words.length + (small ? chunk.byteLength : 0) + 16;
    this.#pack.reserve(space); // views stay good, and the buffer stays the same
    const at = this.#pack.put(new Uint8Array(words.buffer, words.byteOffset, 4 * words.length), 8);
    const copy = this.#pack.words(at, words.length);
    const base = small ? this.#pack.length : 0;
    const own: unknown[] = [...details];
    let acknowledged: Held[] = [];
    let isReferred = false;
    let hasMessages = false;
    let dropped = 0;
    for (let record = 0; record < count * STRIDE; record += STRIDE) {
      const kind = copy[record + KIND];
      if (kind !== Kind.Completed || ++this.#done >= MANY_DONE) this.#isUrgent = true;
      if (kind === Kind.Disconnected) {
        this.#forget([...this.#held, ...acknowledged]);
        this.#held = acknowledged = [];
      }
      if (kind !== Kind.Message) continue;
      hasMessages = true;
      const qos = (copy[record + FLAGS] ?? 0) & QOS;
      if (qos === 0 && before > DROPPED_ABOVE) {
        const detail = copy[record + DETAIL] ?? 0;
        if (detail > 0) own[detail - 1] = undefined;
        erase(copy, record);
        dropped++;
        continue;
      }
      const token = copy[record + TOKEN] ?? 0;
      if (token > 0 && !this.#isManual) {
        copy[record + TOKEN] = 0; // nothing that the page could do
        const held = { token, at: at + 4 * record, isExactlyOnce: qos === 2 };
        if (before > HELD_ABOVE) this.#held.push(held);
        else acknowledged.push(held);
      }
      if (copy[record + DETAIL] !== 0) continue;
      isReferred = true;
      copy[record + START] = (copy[record + START] ?? 0) + base;
    }
    this.#dropped += dropped;
    if (dropped === count) {
      this.#pack.cut(start); // records of nothing would add up as well
      this.#schedule();
      return;
    }
    if (chunk && isReferred) this.#refer(chunk, small === true);
    for (const detail of own)
      if (detail instanceof Uint8Array) this.#refer(detail.buffer as ArrayBuffer, false);
    const isApart = isReferred && !small;
    const place = isApart && chunk ? this.#chunks.push(chunk) : 0;
    if (own.length > 0) this.add(["batch", at, words.length, count, place, own]);
    else this.#plain.push(at, words.length, count, place);
    this.#counts = true;
    this.#notice(hasMessages, (chunk?.byteLength ?? 0) >= LARGE);
    if (acknowledged.length > 0) this.#host.acknowledge(acknowledged.map(({ token }) => token));
    this.#schedule();
  }

  /** Tells that an operation was refused. */
  refuse(operation: number, error: Described): void {
    this.#tell(Kind.Failed, operation, error);
  }

  /** Tells that there is no engine. */
  close(error: Described): void {
    this.#tell(Kind.Closed, 0, error);
  }

  /** The page has taken a report. */
  taken(): void {
    this.#underWay--;
    this.#schedule();
  }

  /** Tells what has been gathered, whether or not the page has time: much of it is acknowledged. */
  end(): void {
    clearTimeout(this.#gathering);
    this.#post();
  }

  #tell(kind: Kind, operation: number, error: Described): void {
    const words = new Uint32Array(STRIDE);
    words[KIND] = kind;
    words[OPERATION] = operation;
    words[DETAIL] = 1;
    this.batch(words, 1, undefined, [error]);
  }

  #refer(buffer: ArrayBuffer, small: boolean): void {
    if (small) this.#pack.put(new Uint8Array(buffer));
    else if (!this.#transfer.has(buffer)) {
      this.#transfer.add(buffer);
      this.#apart += buffer.byteLength;
    }
  }

  /** The connection has ended: the server sends again what was not acknowledged, and QoS 2 must not come twice. */
  #forget(unacknowledged: readonly Held[]): void {
    for (const { at, isExactlyOnce } of unacknowledged) {
      if (isExactlyOnce) erase(this.#pack.words(at, STRIDE), 0);
    }
  }

  /** Lists the plain batches in the block: to hand each of them over as an object would cost the page more than to read it. */
  #list(): void {
    if (this.#plain.length === 0) return;
    const bytes = new Uint8Array(Uint32Array.from(this.#plain).buffer);
    this.#items.push(["batches", this.#pack.put(bytes, 8), this.#plain.length / BATCH_WORDS]);
    this.#plain = [];
  }

  /** A batch has come. */
  #notice(hasMessages: boolean, isLarge: boolean): void {
    const now = performance.now();
    const gap = isLarge ? LARGE_GAP_MS : STREAM_GAP_MS;
    this.#close = hasMessages && now - this.#lastCame < gap ? this.#close + 1 : 0;
    this.#lastCame = now;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.#close < STREAM) this.#flush();
      else this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS);
    });
  }

  #flush(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    // A few calls that are done wait until the page has seen to others: it would spend more on the report than on them.
    if (this.#underWay < (this.#isUrgent ? CREDIT : 1)) this.#post();
  }

  #post(): void {
    if (this.#dropped > 0) {
      const dropped = this.#host.dropped(this.#dropped);
      this.#dropped = 0;
      this.#tell(Kind.Notice, 0, dropped);
    }
    this.#list();
    if (this.#items.length === 0 && !this.#wantsStats) return;
    const block = this.#pack.length > 0 ? (this.#pack.take().buffer as ArrayBuffer) : undefined;
    const transfer = [...this.#transfer];
    if (block) transfer.push(block);
    const stats = this.#host.stats();
    const report = { items: this.#items, block, chunks: this.#chunks, counts: this.#counts, stats };
    const released = this.#held.map(({ token }) => token);
    if (this.#counts) this.#underWay++;
    this.#items = [];
    this.#chunks = [];
    this.#transfer = new Set();
    this.#apart = 0;
    this.#counts = this.#isUrgent = this.#wantsStats = false;
    this.#done = 0;
    this.#held = [];
    this.#host.post(report, transfer);
    if (released.length > 0) this.#host.acknowledge(released);
  }
}

/** A record that says nothing takes the place of a message: the end of an operation that is nobody's. */
function erase(words: Uint32Array, record: number): void {
  words.fill(0, record, record + STRIDE);
  words[record + KIND] = Kind.Completed;
}
