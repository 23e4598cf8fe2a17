import { byId, h, setText } from "./dom.js";
import { bytes, count } from "./format.js";

const WORDS = {
  idle: "Not connected",
  connecting: "Connecting …",
  connected: "Connected",
  reconnecting: "Reconnecting …",
  suspended: "Suspended",
  closing: "Closing …",
  closed: "Not connected",
};

/** Weight of the newest second in the rates. */
const SMOOTHING = 0.5;

/** State, destination and counters at the top. */
export class StatusBar {
  #session;
  #received = 0;
  #rate = { messages: 0, bytes: 0, lastReceived: 0, lastBytes: 0, at: performance.now() };

  /** @param {{ session: import("./session.js").Session }} parts */
  constructor({ session }) {
    this.#session = session;
    session.addEventListener("change", () => this.draw());
    setInterval(() => this.#second(), 1_000);
    this.draw();
  }

  /** Where the page is connected to; never with a user name, password or query. */
  set where(text) {
    setText(byId("state-where"), text);
  }

  collect() {
    this.#received += 1;
  }

  draw() {
    const { state, client, retry } = this.#session;
    document.body.dataset.state = state;
    setText(byId("state-text"), WORDS[state] ?? state);
    setText(byId("state-extra"), extra(state, client?.server, retry));
    byId("state-extra").title = byId("state-extra").textContent;
    document.title = `${state === "connected" ? "●" : "○"} wasmqtt console`;
  }

  #second() {
    const { outgoing, roundTrip } = this.#session;
    const { messages, bytes: traffic } = this.#measure();
    figure("count-rate", messages < 10 ? messages.toFixed(1) : count(Math.round(messages)), "msg/s");
    const [amount, unit] = bytes(traffic);
    figure("count-bytes", amount, `${unit}/s`);
    figure("count-received", count(this.#received));
    figure("count-sent", count(outgoing.book.sent));
    if (roundTrip === undefined) figure("count-ping", "–");
    else figure("count-ping", roundTrip.toFixed(roundTrip < 10 ? 1 : 0), "ms");
    if (this.#session.retry) this.draw();
  }

  /** Messages and bytes on the wire per second, smoothed. */
  #measure() {
    const rate = this.#rate;
    const now = performance.now();
    const passed = (now - rate.at) / 1_000;
    const received = this.#session.client?.stats.bytesReceived ?? 0; // starts over with every client
    const smooth = (before, amount) => before + SMOOTHING * (Math.max(0, amount) / passed - before);
    rate.messages = smooth(rate.messages, this.#received - rate.lastReceived);
    rate.bytes = smooth(rate.bytes, received - rate.lastBytes);
    Object.assign(rate, { lastReceived: this.#received, lastBytes: received, at: now });
    // What is left of the smoothing after the last message is no traffic.
    if (rate.messages < 0.05) rate.messages = 0;
    if (rate.bytes < 1) rate.bytes = 0;
    return rate;
  }
}

function extra(state, server, retry) {
  if (state === "connected" && server) return server.protocolVersion === 5 ? "MQTT 5.0" : "MQTT 3.1.1";
  if (state === "suspended") return navigator.onLine ? "until this page goes on" : "this device is offline";
  if (!retry) return "";
  const left = Math.max(0, Math.ceil((retry.at - performance.now()) / 1_000));
  return left > 0 ? `in ${left} s (attempt ${retry.attempt})` : `attempt ${retry.attempt}`;
}

function figure(id, value, unit = "") {
  const element = byId(id);
  if (element.dataset.value === value + unit) return;
  element.dataset.value = value + unit;
  element.replaceChildren(value, ...(unit ? [" ", h("small", {}, unit)] : []));
}
