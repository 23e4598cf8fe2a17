/** Publishes that are remembered once they have ended, and all in all; the oldest go first. */
const MAX_ENDED = 30;
const MAX_ROWS = 1_000;

/** The way of a message through each quality of service; `stored` is there only in clients with a store. */
const WAYS = [
  ["queued", "sent"],
  ["queued", "stored", "sent", "acknowledged"],
  ["queued", "stored", "sent", "received", "completed"],
];

/** What the acknowledgements of a server mean (sections 3.4, 3.5 and 3.7). */
const ANSWERS = { PUBACK: "acknowledged", PUBREC: "received", PUBCOMP: "completed" };

/**
 * What was published and what became of it: told by the promises of `publish`, and in between by the packets that pass.
 *
 * A row is `{ topic, qos, status, outbox, packetId, error, reasonCode, started, ended, isRestored, isStored }`. The outbox
 * is where its message waits: a client, or a text for one that goes on in the next client.
 */
export class PublishBook {
  /** Newest first. */
  rows = [];
  /** Messages that left, each counted once. */
  sent = 0;

  add({ topic, qos, outbox, isRestored = false, status = "queued" }, now) {
    const row = { topic, qos, outbox, status, isRestored, isStored: isRestored, started: now };
    this.rows.unshift(row);
    let ended = 0;
    this.rows = this.rows.filter((each) => !isEnded(each) || ++ended <= MAX_ENDED).slice(0, MAX_ROWS);
    return row;
  }

  /** Rows of this outbox that are still on their way. */
  open(outbox) {
    return this.rows.filter((row) => row.outbox === outbox && !isEnded(row));
  }

  /** What the call of `publish` resolved with. */
  reached(row, { status, reasonCode }, now) {
    if (status === "stored") row.isStored = true;
    if (reasonCode) row.reasonCode = reasonCode;
    this.#advance(row, status, now);
  }

  failed(row, error, now) {
    if (isEnded(row)) return;
    // Its message is safe: the next client of this outbox goes on with it.
    if (error.delivery === "stored") this.reached(row, { status: "stored" }, now);
    else Object.assign(row, { status: "failed", error, ended: now });
  }

  /** What an `error` event tells of a message whose call had resolved before; false if it is about none of them. */
  failedLater(outbox, error, now) {
    const text = error.message + (error.reasonString ?? "");
    const row = this.open(outbox)
      .reverse()
      .find(({ topic, isStored }) => isStored && text.includes(topic));
    if (row) this.failed(row, error, now);
    return row !== undefined;
  }

  /** A packet passed, as `wasmqtt/inspect` shows it. `topic` is undefined if it is not known behind its alias. */
  observe(outbox, { type, direction, topic, qos, packetId, reasonCode, sessionPresent }, now) {
    if (type === "PUBLISH" && direction === "sent" && qos > 0) {
      const rows = this.open(outbox);
      if (rows.some((row) => row.packetId === packetId)) return; // sent again
      const row =
        rows
          .reverse()
          .find((row) => !row.packetId && row.qos === qos && (topic === undefined || row.topic === topic)) ??
        this.add({ topic: topic ?? "", qos, outbox, isRestored: true }, now);
      row.packetId = packetId;
      this.#advance(row, "sent", now);
    } else if (type === "CONNACK" && !sessionPresent) {
      this.#forgetIdentifiers(outbox);
    } else if (direction === "received" && ANSWERS[type]) {
      const row = this.open(outbox).find((row) => row.packetId === packetId);
      if (!row) return;
      row.reasonCode = reasonCode;
      if (reasonCode >= 0x80) Object.assign(row, { status: "failed", ended: now });
      else this.#advance(row, ANSWERS[type], now);
    }
  }

  /** The client of this outbox has ended: what is not stored has been told by its call, the rest waits for the next. */
  left(outbox) {
    for (const row of this.open(outbox)) if (row.isStored) row.status = "stored";
    this.#forgetIdentifiers(outbox);
  }

  /** Promises and packets tell the same things in any order: a row never goes back. */
  #advance(row, status, now) {
    const way = WAYS[row.qos];
    const [before, after] = [way.indexOf(row.status), way.indexOf(status)];
    if (isEnded(row) || after <= before) return;
    row.status = status;
    if (isEnded(row)) row.ended = now;
    if (after >= way.indexOf("sent") && !row.hasLeft) {
      row.hasLeft = true;
      this.sent += 1;
    }
  }

  #forgetIdentifiers(outbox) {
    for (const row of this.open(outbox)) row.packetId = undefined;
  }
}

/** The steps of a row and how many of them are behind it. */
export function progressOf({ qos, status, isStored }) {
  const steps = WAYS[qos].filter((step) => step !== "stored" || isStored);
  return { steps, done: steps.indexOf(status) + 1 };
}

export function isEnded({ qos, status }) {
  return status === "failed" || status === WAYS[qos].at(-1);
}
