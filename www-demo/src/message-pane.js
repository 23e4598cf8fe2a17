import { byId, h, icon, setText } from "./dom.js";
import { bytes, clock, count } from "./format.js";
import { DetailPane } from "./message-detail.js";
import { previewOf } from "./message-log.js";
import { VirtualList } from "./virtual-list.js";

/** The live list: toolbar, rows and the details of the selected row. */
export class MessagePane {
  #log;
  #list;
  #detail;
  #redraw;
  #hint = "";

  /** @param {{ log: import("./message-log.js").MessageLog, redraw: () => void, onReuse: (row: object) => void }} parts */
  constructor({ log, redraw, onReuse }) {
    this.#log = log;
    this.#redraw = redraw;
    this.#detail = new DetailPane(byId("detail"), { onClose: () => this.#closeDetail(), onReuse });
    this.#list = new VirtualList({
      viewport: byId("message-list"),
      canvas: byId("message-rows"),
      log,
      make: makeRow,
      fill: fillRow,
      onChange: redraw,
      onSelect: (row) => this.#detail.show(row),
    });
    byId("search").addEventListener("input", (event) => this.filter(event.target.value));
    byId("pause").addEventListener("click", () => this.togglePause());
    byId("clear").addEventListener("click", () => this.clear());
    byId("jump").addEventListener("click", () => this.toLatest());
  }

  draw() {
    this.#list.draw();
    const { rows, kept, received, dropped, waiting, filtered, paused } = this.#log;
    const parts = [];
    if (filtered) parts.push(`${count(rows.length)} of ${count(kept)}`);
    else if (received > 0) parts.push(`${count(kept)} kept`);
    if (dropped > 0) parts.push(`${count(dropped)} older dropped`);
    setText(byId("message-count"), parts.join(" · "));
    byId("message-empty").hidden = rows.length > 0;
    setText(byId("message-empty"), kept > 0 && filtered ? "No message matches the filter." : this.#hint);
    setText(
      byId("pause-label"),
      paused ? (waiting > 0 ? `Resume · ${count(waiting)} new` : "Resume") : "Pause",
    );
    byId("jump").hidden = this.#list.following || paused || rows.length === 0;
  }

  /** What an empty list tells the reader to do. */
  set hint(text) {
    this.#hint = text;
    this.#redraw();
  }

  filter(text) {
    if (byId("search").value !== text) byId("search").value = text;
    this.#log.filter(text);
    this.#redraw();
  }

  togglePause() {
    if (this.#log.paused) this.#log.resume();
    else this.#log.pause();
    const button = byId("pause");
    button.setAttribute("aria-pressed", this.#log.paused);
    button.querySelector("svg").replaceWith(icon(this.#log.paused ? "play" : "pause"));
    this.#redraw();
  }

  clear() {
    this.#log.clear();
    this.#list.select(undefined);
    this.#redraw();
  }

  toLatest() {
    if (this.#log.paused) this.togglePause();
    this.#list.toLatest();
  }

  refresh() {
    this.#list.refresh();
  }

  #closeDetail() {
    this.#list.select(undefined);
    byId("message-list").focus();
  }
}

function makeRow() {
  return h(
    "div",
    { class: "row", role: "option", "aria-selected": "false" },
    h("span", { class: "cell-time" }),
    h("span", { class: "swatch" }),
    h("span", { class: "cell-topic" }),
    h("span", { class: "cell-payload" }, h("span", { class: "badges" }), h("span", {})),
    h("span", { class: "cell-qos" }),
    h("span", { class: "cell-size" }),
  );
}

function fillRow(element, row) {
  const [time, swatch, topic, payload, qos, size] = element.children;
  setText(time, clock(row.time));
  setText(topic, row.topic);
  setText(qos, String(row.qos));
  setText(size, bytes(row.size).join(" "));
  setText(payload.lastChild, previewOf(row));
  payload.firstChild.replaceChildren(...badgesOf(row));
  element.dataset.qos = row.qos;
  swatch.dataset.swatch = row.subscriptions[0]?.swatch ?? "";
}

function badgesOf(row) {
  const badges = [];
  if (row.retain)
    badges.push(h("span", { class: "badge", title: "Retained: the broker kept it" }, "retained"));
  if (row.dup) badges.push(h("span", { class: "badge", title: "Sent again after a lost connection" }, "dup"));
  if (row.size === 0) badges.push(h("span", { class: "badge faint" }, "empty"));
  return badges;
}
