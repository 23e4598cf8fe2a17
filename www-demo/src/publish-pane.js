import { byId, h, setText } from "./dom.js";
import { errorCard } from "./errors.js";
import { count } from "./format.js";
import { asText } from "./payload.js";
import { isEnded, progressOf } from "./publish-book.js";
import { describePublish, describeWaiting, offlineNote } from "./publish-words.js";

/** Publishing one message, and what became of it and of those before. */
export class PublishPane {
  #session;
  #form = byId("publish-form");
  #list = byId("publishes");
  /** Row → the elements that show it. */
  #items = new Map();
  #latest;
  #frame = 0;

  /** @param {{ session: import("./session.js").Session }} parts */
  constructor({ session }) {
    this.#session = session;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
    this.#form.elements.qos.addEventListener("change", () => this.#drawNote());
    const redraw = () => {
      this.#frame ||= requestAnimationFrame(() => this.#draw());
    };
    session.addEventListener("change", redraw);
    session.addEventListener("publishes", redraw);
    setInterval(redraw, 1_000); // what waits is told by no event
  }

  focus() {
    byId("publish-topic").focus();
  }

  /** Fills the form from a received message. */
  reuse(row) {
    const { topic, payload, qos, retain, contentType } = this.#form.elements;
    topic.value = row.topic;
    payload.value = asText(row.payload) ?? "";
    qos.value = row.qos;
    retain.checked = row.retain;
    contentType.value = row.properties?.contentType ?? "";
    payload.focus();
  }

  #draw() {
    this.#frame = 0;
    const { client, outgoing } = this.#session;
    this.#form.elements.contentType.disabled = client?.server?.protocolVersion === 4;
    outgoing.look();
    this.#drawNote();
    this.#drawWaiting(outgoing.waiting);
    this.#drawRows(outgoing.book.rows);
    if (this.#latest) setText(byId("publish-result"), describePublish(this.#latest, this.#session.state));
  }

  #drawNote() {
    const { state, client, outgoing } = this.#session;
    const note = offlineNote(state, client && outgoing.isKept, Number(this.#form.elements.qos.value));
    setText(byId("publish-note"), note);
    byId("publish-note").hidden = note === "";
  }

  #drawWaiting(waiting) {
    const text = describeWaiting(waiting, count);
    setText(byId("waiting"), text);
    byId("waiting").hidden = text === "";
  }

  #drawRows(rows) {
    for (const [row, item] of this.#items) {
      if (rows.includes(row)) continue;
      item.element.remove();
      this.#items.delete(row);
    }
    for (const row of [...rows].reverse()) {
      if (!this.#items.has(row)) this.#add(row);
      this.#update(row, this.#items.get(row));
    }
  }

  #add(row) {
    const steps = h("span", { class: "way", "aria-hidden": "true" });
    const name = row.topic || "(topic not known)";
    const state = h("span", { class: "publish-state" });
    const element = h(
      "li",
      {},
      h(
        "span",
        { class: "publish-lines" },
        h("span", { class: "mono filter-name", title: name }, name),
        state,
      ),
      h("span", { class: "publish-side" }, h("small", { class: "muted" }, `QoS ${row.qos}`), steps),
    );
    this.#list.prepend(element);
    this.#items.set(row, { element, steps, state });
  }

  #update(row, { element, steps, state }) {
    setText(state, describePublish(row, this.#session.state));
    element.className = row.status === "failed" ? "is-failed" : isEnded(row) ? "is-done" : "is-open";
    const { steps: names, done } = progressOf(row);
    if (steps.dataset.drawn === `${done}/${names.length}`) return;
    steps.dataset.drawn = `${done}/${names.length}`;
    steps.title = names.join(" → ");
    steps.replaceChildren(...names.map((_, at) => h("i", { class: at < done ? "done" : "" })));
  }

  async #submit() {
    const { topic, payload, qos, retain, contentType } = this.#form.elements;
    const name = topic.value.trim();
    if (name === "") return topic.focus();
    const options = { qos: Number(qos.value), retain: retain.checked };
    if (contentType.value.trim() !== "" && !contentType.disabled)
      options.contentType = contentType.value.trim();

    byId("publish-error").replaceChildren();
    try {
      const publishing = this.#session.publish(name, payload.value, options);
      this.#latest = this.#session.outgoing.book.rows[0];
      await publishing;
    } catch (error) {
      this.#latest = undefined;
      setText(byId("publish-result"), "");
      if (error.code === "client-closed") return; // somebody closed it, and the list says what became of the message
      const close = h("button", { type: "button", class: "quiet" }, "Dismiss");
      close.addEventListener("click", () => byId("publish-error").replaceChildren());
      byId("publish-error").replaceChildren(errorCard("The message was not published.", error, close));
    }
  }
}
