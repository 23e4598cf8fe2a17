import { asText } from "./payload.js";

const MAX_TOPICS = 200;
const MAX_SERIES = 16;
const MAX_PAYLOAD_BYTES = 1_024;
const SAMPLES = 60;
/** A line of fewer samples does not fill its box: two points are no trend. */
const SHORTEST = 12;

/** Fields that count or date a reading rather than being one. */
const NOT_A_READING = /^(ts|time|timestamp|date|seq|sequence|id|version|uptime)$/i;

/**
 * Finds numbers in what is received and keeps the last samples of each: one series per topic, or per number in a
 * topic's JSON object. Only the newest message of a topic counts between two calls of `sample`, so a flood costs
 * no more than a trickle.
 */
export class SeriesBook {
  #latest = new Map();
  #series = new Map();
  #states = new Map();
  /** Numeric values beyond the first ones, which are not kept. */
  skipped = new Set();

  /** @returns {Iterable<{ key: string, topic: string, field: string, values: number[], time: number }>} */
  get series() {
    return this.#series.values();
  }

  collect({ topic, payload }) {
    if (payload.length > MAX_PAYLOAD_BYTES || payload.length === 0) return;
    if (this.#latest.size < MAX_TOPICS || this.#latest.has(topic)) this.#latest.set(topic, payload);
  }

  /** Takes one sample of every topic that received something; says whether there was any. */
  sample(time) {
    const any = this.#latest.size > 0;
    for (const [topic, payload] of this.#latest) this.#read(topic, asText(payload) ?? "", time);
    this.#latest.clear();
    return any;
  }

  /** `online`, `offline` or undefined, as the device's neighbouring status topic says. */
  stateOf(topic) {
    return this.#states.get(parent(topic));
  }

  clear() {
    for (const part of [this.#latest, this.#series, this.#states, this.skipped]) part.clear();
  }

  #read(topic, text, time) {
    if (text === "online" || text === "offline") {
      if (this.#states.size < MAX_TOPICS) this.#states.set(parent(topic), text);
      return;
    }
    for (const [field, value] of numbersIn(text)) this.#push(topic, field, value, time);
  }

  #push(topic, field, value, time) {
    const key = `${topic}\n${field}`;
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= MAX_SERIES) {
        if (this.skipped.size < MAX_TOPICS) this.skipped.add(key);
        return;
      }
      series = { key, topic, field, values: [], time };
      this.#series.set(key, series);
    }
    series.time = time;
    series.values.push(value);
    if (series.values.length > SAMPLES) series.values.shift();
  }
}

function numbersIn(text) {
  if (!/^\s*[-{\d.]/.test(text)) return [];
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof value === "number") return [["", value]];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).filter(([name, part]) => Number.isFinite(part) && !NOT_A_READING.test(name));
}

function parent(topic) {
  return topic.slice(0, Math.max(0, topic.lastIndexOf("/")));
}

/** The points of a line through the values that fills a width × height box. */
export function linePoints(values, width, height) {
  const low = Math.min(...values);
  const range = Math.max(...values) - low;
  const step = width / (Math.max(values.length, SHORTEST) - 1);
  const left = width - (values.length - 1) * step;
  return values
    .map((value, at) => {
      const y = range === 0 ? height / 2 : height - ((value - low) / range) * height;
      return `${(left + at * step).toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}
