import { byId, h, icon, setText, svg } from "./dom.js";
import { linePoints, SeriesBook } from "./series.js";

const SAMPLE_EVERY_MS = 500;
const WIDTH = 120;
const HEIGHT = 26;
const LAMP_STATE = "demo/lamp/state";
const LAMP_COMMAND = "demo/lamp/set";

/** Units that people put into field names. */
const UNITS = {
  celsius: "°C",
  fahrenheit: "°F",
  humidity: "%",
  percent: "%",
  watts: "W",
  volts: "V",
  amps: "A",
  hpa: "hPa",
  lux: "lx",
  ppm: "ppm",
  rpm: "rpm",
  wind: "m/s",
  level: "%",
  brightness: "%",
};

/** Values at a glance: one card with a sparkline per numeric topic or field. */
export class OverviewPane {
  #book = new SeriesBook();
  #cards = new Map();
  #list = byId("cards");
  #onFilter;
  #publish;
  #lamp;
  #lastSample = 0;
  #more = h("li", { class: "card-more muted" });

  /** @param {{ onFilter: (topic: string) => void, publish: (topic: string, payload: string) => void }} parts */
  constructor({ onFilter, publish }) {
    this.#onFilter = onFilter;
    this.#publish = publish;
  }

  /** Shows the switch of the demo's lamp; only where the demo's devices run. */
  addLamp() {
    const label = h("span", { class: "card-value" }, "–");
    const button = h(
      "button",
      {
        type: "button",
        class: "card card-lamp",
        "aria-pressed": "false",
        title: `Publishes toggle to ${LAMP_COMMAND}`,
      },
      h("span", { class: "card-name" }, "lamp"),
      label,
      h("span", { class: "lamp-bulb" }, icon("lamp"), h("span", { class: "lamp-action" }, "switch")),
    );
    button.addEventListener("click", () => this.#publish(LAMP_COMMAND, "toggle"));
    this.#lamp = { item: h("li", {}, button), button, label };
  }

  /** The lamp can only be switched while connected. */
  set switchable(possible) {
    if (this.#lamp) this.#lamp.button.disabled = !possible;
  }

  collect(message) {
    if (this.#lamp && message.topic === LAMP_STATE) return this.#showLamp(message);
    this.#book.collect(message);
  }

  /** Samples and draws twice a second. */
  draw(now) {
    if (now - this.#lastSample < SAMPLE_EVERY_MS) return;
    this.#lastSample = now;
    if (!this.#book.sample(now)) return;
    for (const series of this.#book.series) this.#drawCard(series);
    const { size } = this.#book.skipped;
    setText(this.#more, size > 0 ? `and ${size} more` : "");
    if (size > 0) this.#list.append(this.#more);
    byId("pane-overview").hidden = false;
  }

  clear() {
    this.#book.clear();
    this.#cards.clear();
    this.#list.replaceChildren();
    byId("pane-overview").hidden = true;
  }

  #drawCard(series) {
    const card = this.#cards.get(series.key) ?? this.#addCard(series);
    const { values, topic } = series;
    setText(card.value, compact(values.at(-1)));
    card.line.setAttribute("points", linePoints(values, WIDTH, HEIGHT));
    const state = this.#book.stateOf(topic);
    card.button.classList.toggle("is-offline", state === "offline");
    setText(card.state, state === "offline" ? "offline" : "");
  }

  #addCard({ key, topic, field }) {
    const name = topic.split("/").slice(-2);
    const shown = field || name.at(-1);
    const unit = UNITS[shown.toLowerCase()] ?? "";
    const value = h("span", { class: "card-value" });
    const state = h("span", { class: "card-state" });
    const line = svg("polyline", { fill: "none" });
    const chart = svg("svg", {
      class: "spark",
      viewBox: `-1 -2 ${WIDTH + 2} ${HEIGHT + 4}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    chart.append(line);
    const button = h(
      "button",
      { type: "button", class: "card", title: `Show only ${topic}` },
      h(
        "span",
        { class: "card-name" },
        h("span", {}, name[0] === shown ? topic : name[0]),
        " ",
        h("span", { class: "muted" }, shown),
      ),
      h("span", {}, value, " ", h("small", { class: "muted" }, unit), state),
      chart,
    );
    button.addEventListener("click", () => this.#onFilter(topic));
    const card = { key, item: h("li", {}, button), button, value, state, line };
    this.#cards.set(key, card);
    this.#insert(card);
    return card;
  }

  /** Keeps the cards in the order of their topics, the lamp first. */
  #insert(card) {
    const keys = [...this.#cards.keys()].sort();
    const next = this.#cards.get(keys[keys.indexOf(card.key) + 1]);
    this.#list.insertBefore(card.item, next?.item ?? null);
  }

  #showLamp({ payload }) {
    let state;
    try {
      state = JSON.parse(new TextDecoder().decode(payload));
    } catch {
      return;
    }
    const on = state?.on === true;
    this.#lamp.button.setAttribute("aria-pressed", String(on));
    setText(this.#lamp.label, on ? "on" : "off");
    if (!this.#lamp.item.isConnected) this.#list.prepend(this.#lamp.item);
    byId("pane-overview").hidden = false;
  }
}

function compact(value) {
  return Math.abs(value) >= 100_000 ? value.toExponential(2) : String(Number(value.toFixed(2)));
}
