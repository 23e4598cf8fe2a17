import { byId, h, icon, setText } from "./dom.js";
import { errorCard, errorLine } from "./errors.js";
import { count } from "./format.js";

/** Subscribing, and the list of what is subscribed. */
export class SubscribePane {
  #session;
  #form = byId("subscribe-form");
  #onChange;
  #items = new Map();

  /** @param {{ session: import("./session.js").Session, onChange: () => void }} parts */
  constructor({ session, onChange }) {
    this.#session = session;
    this.#onChange = onChange;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    session.addEventListener("change", () => this.draw());
    this.draw();
  }

  focus() {
    byId("filter").focus();
  }

  /** Brings the list up to date, counters included. */
  draw() {
    const wanted = this.#session.subscriptions;
    for (const [filter, item] of this.#items) {
      if (wanted.get(filter) === item.entry) continue;
      item.element.remove();
      this.#items.delete(filter);
    }
    for (const entry of wanted.values()) {
      if (!this.#items.has(entry.filter)) this.#add(entry);
      this.#update(this.#items.get(entry.filter));
    }
    // MQTT 3.1.1 has no such options; a version that is not known yet may turn out to be 5.0.
    const version = this.#session.client?.server?.protocolVersion;
    this.#form.querySelector("details").hidden = version === 4;
  }

  async #submit() {
    const { filter, qos, retainHandling, noLocal, retainAsPublished } = this.#form.elements;
    const name = filter.value.trim();
    if (name === "") return filter.focus();
    const options = { qos: Number(qos.value) };
    if (retainHandling.value !== "0") options.retainHandling = Number(retainHandling.value);
    if (noLocal.checked) options.noLocal = true;
    if (retainAsPublished.checked) options.retainAsPublished = true;
    await this.#try(`“${name}” is not subscribed.`, () => this.#session.subscribe(name, options));
    if (byId("subscribe-error").childElementCount === 0) filter.value = "";
  }

  #add(entry) {
    const stop = h("button", { type: "button", class: "icon-button", title: "Unsubscribe" }, icon("close"));
    stop.setAttribute("aria-label", `Unsubscribe ${entry.filter}`);
    stop.addEventListener("click", () =>
      this.#try(`“${entry.filter}” could not be unsubscribed.`, () =>
        this.#session.unsubscribe(entry.filter),
      ),
    );
    const swatch = h("span", { class: "swatch", "data-swatch": entry.swatch });
    const name = h("span", { class: "mono filter-name", title: entry.filter }, entry.filter);
    const state = h("small", { class: "filter-state" });
    const received = h("span", { class: "filter-count" });
    const element = h("li", {}, swatch, h("span", { class: "filter-lines" }, name, state), received, stop);
    byId("subscriptions").append(element);
    this.#items.set(entry.filter, { entry, element, state, received });
  }

  #update({ entry, element, state, received }) {
    setText(state, describe(entry));
    setText(received, count(entry.count));
    element.classList.toggle("refused", Boolean(entry.error));
  }

  async #try(what, action) {
    const place = byId("subscribe-error");
    place.replaceChildren();
    try {
      const done = action();
      this.#onChange();
      await done;
    } catch (error) {
      const close = h(
        "button",
        { type: "button", class: "quiet", onclick: () => place.replaceChildren() },
        "Dismiss",
      );
      place.replaceChildren(errorCard(what, error, close));
    }
  }
}

function describe({ options, granted, error }) {
  if (error) return `refused: ${errorLine(error)}`;
  if (granted === undefined) return `waits for a connection, QoS ${options.qos}`;
  const parts = [granted === options.qos ? `QoS ${granted}` : `QoS ${granted} granted, ${options.qos} asked`];
  if (options.noLocal) parts.push("no local");
  if (options.retainAsPublished) parts.push("retain as published");
  if (options.retainHandling === 1) parts.push("retained if new");
  if (options.retainHandling === 2) parts.push("no retained");
  return parts.join(" · ");
}
