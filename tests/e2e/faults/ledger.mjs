// What was asked for and what came of it, for the messages of one QoS in one direction of one client.

/** Judges the promises of a quality of service: at most once, at least once, exactly once, in order (4.3, 4.6). */
export class Ledger {
  /** How many messages were published. */
  messages = 0;
  doubled = 0;
  /** Repetitions at QoS 1, which may be. */
  repeated = 0;
  /** What the broker is known to have sent as new a second time. */
  resent = 0;
  /** What a page had been handed and could not confirm before it was gone. */
  excused = 0;
  #name;
  #complain;
  #arrivals = new Map();
  #open = new Set(); // published, and not settled
  #outcomes = new Map();
  #awaited = new Set(); // promised, and not arrived
  #excused = new Set();
  #last = -1;
  #started = -1;

  /** `complain` is told, in a sentence, of every promise that was broken. */
  constructor(name, qos, complain) {
    this.#name = name;
    this.qos = qos;
    this.#complain = (what) => complain(`${this.#name}: ${what}`);
  }

  /** The message is about to be published. */
  started(n) {
    if (n <= this.#started) this.#complain(`${n} was started behind ${this.#started}`);
    this.#started = n;
    this.#open.add(n);
    this.messages++;
  }

  /** The publisher is gone: what it was not told, it will never be told. */
  leave() {
    this.#open.clear();
  }

  /** The publisher was told that the message is safe. */
  promised(n) {
    this.#settle(n, "promised");
    if (this.qos > 0 && !this.#arrivals.has(n)) this.#awaited.add(n);
  }

  /** The publisher was told that it failed. */
  failed(n, code) {
    this.#settle(n, code);
    // A connection may end under a QoS 0 message. Nothing may stop the others: the session lives on.
    if (this.qos > 0) this.#complain(`${n} failed with ${code}`);
  }

  /** `again`: the broker is known to have sent it a second time, as if it were new. */
  arrived(n, again = false) {
    const times = (this.#arrivals.get(n) ?? 0) + 1;
    this.#arrivals.set(n, times);
    this.#awaited.delete(n);
    if (times > 1) {
      if (this.qos === 1) this.repeated++;
      else if (again) this.resent++;
      else if (this.#excused.delete(n)) this.excused++;
      else {
        this.doubled++;
        this.#complain(`${n} arrived ${times} times`);
      }
      return;
    }
    if (n < this.#last) this.#complain(`${n} arrived behind ${this.#last}`);
    else this.#last = n;
  }

  /** The receiver is gone: what has come of the last `count` messages may come once more. */
  excuse(count) {
    for (let n = this.#last; n > this.#last - count; n--) if (this.#arrivals.has(n)) this.#excused.add(n);
  }

  /** The number that nothing has been published under yet. */
  get next() {
    return this.#started + 1;
  }

  get newest() {
    return this.#last;
  }

  /** How many different messages arrived. */
  get arrivals() {
    return this.#arrivals.size;
  }

  /** Promised messages that have not arrived. */
  get missing() {
    return this.#awaited.size;
  }

  /** Promises that have not settled. */
  get unsettled() {
    return this.#open.size;
  }

  /** Messages of QoS 0 that nobody promised, and nobody got. */
  get dropped() {
    return this.qos === 0 ? this.messages - this.#arrivals.size : 0;
  }

  /** Says at the end what is not as it should be. */
  close() {
    for (const n of this.#awaited) this.#complain(`${n} is lost`);
    for (const n of this.#open) this.#complain(`${n} never settled`);
    for (const n of this.#arrivals.keys()) {
      if (n > this.#started) this.#complain(`${n} arrived, but nobody sent it`);
    }
  }

  #settle(n, outcome) {
    if (this.#outcomes.has(n)) this.#complain(`${n} settled with ${this.#outcomes.get(n)} and ${outcome}`);
    this.#outcomes.set(n, outcome);
    this.#open.delete(n);
  }
}
