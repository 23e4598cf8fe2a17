import { preview } from "./payload.js";

/** Rows kept, and the payload bytes they may hold together; the oldest go first. */
const MAX_ROWS = 5_000;
const MAX_BYTES = 32 * 1024 * 1024;
/** What is kept of one payload; the rest is counted, not stored. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

/**
 * What was received, bounded in rows and bytes, with a filter and a pause.
 *
 * While paused the rows stand still and newcomers wait beside them, bounded in the same way.
 */
export class MessageLog {
  #kept;
  #waiting;
  #matching = new Queue();
  #terms = [];
  #next = 1;

  /** Grows whenever positions lose their meaning (clear, another filter). */
  generation = 0;
  received = 0;
  paused = false;

  constructor({ maxRows = MAX_ROWS, maxBytes = MAX_BYTES } = {}) {
    this.#kept = new BoundedQueue(maxRows, maxBytes, (row) => this.#forget(row));
    this.#waiting = new BoundedQueue(maxRows, maxBytes);
  }

  /** The rows to show, oldest first. */
  get rows() {
    return this.#terms.length > 0 ? this.#matching : this.#kept;
  }

  /** Rows kept, shown or not. */
  get kept() {
    return this.#kept.length;
  }

  /** Rows that had to go for newer ones. */
  get dropped() {
    return this.#kept.dropped + this.#waiting.dropped;
  }

  /** Rows that came during a pause. */
  get waiting() {
    return this.#waiting.length;
  }

  get filtered() {
    return this.#terms.length > 0;
  }

  /** @returns {object} the row made from the message */
  add(message, time) {
    const row = toRow(message, this.#next++, time);
    this.received += 1;
    if (this.paused) this.#waiting.push(row);
    else this.#show(row);
    return row;
  }

  pause() {
    this.paused = true;
  }

  resume() {
    this.paused = false;
    while (this.#waiting.length > 0) this.#show(this.#waiting.take());
  }

  clear() {
    this.#kept.clear();
    this.#waiting.clear();
    this.#matching = new Queue();
    this.received = 0;
    this.generation += 1;
  }

  /** Shows only rows with every word of `text` in topic or payload, and none of the words after a minus. */
  filter(text) {
    this.#terms = text
      .toLowerCase()
      .split(/\s+/)
      .filter((term) => term !== "" && term !== "-");
    this.#matching = new Queue();
    for (let at = 0; at < this.#kept.length; at++) {
      const row = this.#kept.at(at);
      if (this.#matches(row)) this.#matching.push(row);
    }
    this.generation += 1;
  }

  #show(row) {
    this.#kept.push(row);
    if (this.filtered && this.#matches(row)) this.#matching.push(row);
  }

  #forget(row) {
    if (this.#matching.at(0) === row) this.#matching.take();
  }

  #matches(row) {
    row.search ??= `${row.topic}\n${previewOf(row)}`.toLowerCase();
    return this.#terms.every((term) =>
      term.startsWith("-") ? !row.search.includes(term.slice(1)) : row.search.includes(term),
    );
  }
}

/** The row's payload on one line, made when it is first needed. */
export function previewOf(row) {
  row.preview ??= preview(row.payload);
  return row.preview;
}

function toRow(message, number, time) {
  const { topic, qos, retain, dup, properties, payload } = message;
  const size = payload.length;
  return {
    number,
    time,
    topic,
    qos,
    retain,
    dup,
    properties,
    size,
    payload: own(payload),
    subscriptions: [],
  };
}

/** A payload may be a view into a large network buffer; a copy lets the buffer go. */
function own(payload) {
  if (payload.length > MAX_PAYLOAD_BYTES) return payload.slice(0, MAX_PAYLOAD_BYTES);
  return payload.byteLength === payload.buffer.byteLength ? payload : payload.slice();
}

/** First in, first out; `at` counts from the oldest, `taken` says how many have left. */
class Queue {
  #items = [];
  #head = 0;
  taken = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  at(index) {
    return this.#items[this.#head + index];
  }

  push(item) {
    this.#items.push(item);
  }

  take() {
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    this.taken += 1;
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }
}

class BoundedQueue extends Queue {
  #maxRows;
  #maxBytes;
  #onDrop;
  #bytes = 0;
  dropped = 0;

  constructor(maxRows, maxBytes, onDrop = () => {}) {
    super();
    this.#maxRows = maxRows;
    this.#maxBytes = maxBytes;
    this.#onDrop = onDrop;
  }

  push(row) {
    super.push(row);
    this.#bytes += row.payload.length;
    while (this.length > this.#maxRows || (this.#bytes > this.#maxBytes && this.length > 1)) {
      this.dropped += 1;
      this.#onDrop(this.take());
    }
  }

  take() {
    const row = super.take();
    this.#bytes -= row.payload.length;
    return row;
  }

  clear() {
    while (this.length > 0) this.take();
    this.dropped = 0;
  }
}
