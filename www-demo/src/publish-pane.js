import { byId, h, setText } from "./dom.js";
import { errorCard } from "./errors.js";
import { reasonCode } from "./format.js";
import { asText } from "./payload.js";

/** Reason codes of a PUBACK or PUBREC that are not errors (MQTT 5.0, section 3.4.2.1). */
const NO_MATCHING_SUBSCRIBERS = 0x10;

/** Publishing one message and what became of it. */
export class PublishPane {
  #session;
  #form = byId("publish-form");

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
    session.addEventListener("change", () => this.#draw());
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
    const version = this.#session.client?.server?.protocolVersion;
    this.#form.elements.contentType.disabled = version === 4;
  }

  async #submit() {
    const { topic, payload, qos, retain, contentType } = this.#form.elements;
    const name = topic.value.trim();
    if (name === "") return topic.focus();
    const options = { qos: Number(qos.value), retain: retain.checked };
    if (contentType.value.trim() !== "" && !contentType.disabled)
      options.contentType = contentType.value.trim();

    byId("publish-error").replaceChildren();
    setText(byId("publish-result"), "Sending …");
    const started = performance.now();
    try {
      const result = await this.#session.publish(name, payload.value, options);
      setText(byId("publish-result"), describe(result, performance.now() - started));
    } catch (error) {
      setText(byId("publish-result"), "");
      const close = h("button", { type: "button", class: "quiet" }, "Dismiss");
      close.addEventListener("click", () => byId("publish-error").replaceChildren());
      byId("publish-error").replaceChildren(errorCard("The message was not published.", error, close));
    }
  }
}

function describe({ status, reasonCode: code = 0 }, milliseconds) {
  const time = `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
  const words = { sent: "Sent", acknowledged: "Acknowledged", completed: "Completed" };
  const word = words[status] ?? status;
  if (status === "sent") return `${word} (QoS 0 has no answer)`;
  if (code === NO_MATCHING_SUBSCRIBERS) return `${word} in ${time}, nobody subscribes to it`;
  return code === 0 ? `${word} in ${time}` : `${word} in ${time}, ${reasonCode(code)}`;
}
