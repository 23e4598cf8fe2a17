import { copyFrom, h, icon } from "./dom.js";
import { bytes, clock, count, seconds } from "./format.js";
import { asPrettyJson, asText, hex, hexDump, jsonPieces } from "./payload.js";

/** Longest payload shown at once; copying takes all that is kept. */
const SHOWN_BYTES = 64 * 1024;
const SHOWN_HEX_BYTES = 4 * 1024;

/** Names of the PUBLISH properties on the page, in the order of the standard (section 3.3.2.3). */
const PROPERTIES = [
  ["payloadFormatIndicator", "Payload format", (isText) => (isText ? "UTF-8 text" : "bytes")],
  ["messageExpiryInterval", "Expires in", seconds],
  ["responseTopic", "Response topic", String],
  ["correlationData", "Correlation data", hex],
  ["subscriptionIdentifiers", "Subscription ids", (ids) => ids.join(", ")],
  ["contentType", "Content type", String],
];

/** Everything about one message, beside the list. */
export class DetailPane {
  #element;
  #actions;
  #format = "auto";

  /** @param {HTMLElement} element @param {{ onClose: () => void, onReuse: (row: object) => void }} actions */
  constructor(element, actions) {
    this.#element = element;
    this.#actions = actions;
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") actions.onClose();
    });
  }

  show(row) {
    this.#element.hidden = row === undefined;
    this.#element.replaceChildren();
    if (row) this.#element.append(this.#head(row), this.#body(row));
  }

  #head(row) {
    const close = h("button", { type: "button", class: "icon-button", title: "Close (Esc)" }, icon("close"));
    close.setAttribute("aria-label", "Close the details");
    close.addEventListener("click", this.#actions.onClose);
    return h(
      "header",
      { class: "detail-head" },
      h("h3", { class: "mono" }, row.topic),
      copyButton("topic", row.topic),
      close,
    );
  }

  #body(row) {
    const facts = h("dl", { class: "facts" }, ...factsOf(row).map(fact));
    const payload = h("section", { class: "payload", "aria-label": "Payload" });
    this.#showPayload(payload, row);
    const reuse = h(
      "button",
      { type: "button", onclick: () => this.#actions.onReuse(row) },
      icon("send"),
      "Edit and publish",
    );
    return h("div", { class: "detail-body" }, facts, payload, h("div", { class: "actions" }, reuse));
  }

  #showPayload(section, row) {
    const views = payloadViews(row.payload);
    const shown = views[this.#format]
      ? this.#format
      : (["json", "text", "hex"].find((name) => views[name]) ?? "hex");
    const choose = (name) => {
      this.#format = name;
      this.#showPayload(section, row);
      section.querySelector("[aria-pressed=true]").focus();
    };
    const choices = Object.keys(views).map((name) =>
      h(
        "button",
        { type: "button", "aria-pressed": String(name === shown), onclick: () => choose(name) },
        { json: "JSON", text: "Text", hex: "Hex" }[name],
      ),
    );
    const { content, all } = views[shown]();
    section.replaceChildren(
      h(
        "div",
        { class: "payload-head" },
        h("div", { class: "segments" }, ...choices),
        copyButton("payload", all),
      ),
      h("pre", { class: `mono code code-${shown}`, tabindex: "0", "aria-label": "Payload" }, ...content),
      cutNote(row, shown),
    );
  }
}

/** The ways this payload can be read: a function for each, made when it is chosen. */
function payloadViews(payload) {
  const text = asText(payload);
  const shown = text !== undefined && payload.length > SHOWN_BYTES ? asText(payload, SHOWN_BYTES) : text;
  const json = payload.length <= SHOWN_BYTES ? asPrettyJson(text) : undefined;
  const views = {};
  if (json !== undefined) views.json = () => ({ content: coloured(json), all: json });
  if (shown !== undefined) views.text = () => ({ content: [shown], all: text });
  views.hex = () => ({ content: [hexDump(payload, SHOWN_HEX_BYTES)], all: hex(payload) });
  return views;
}

function coloured(json) {
  return [...jsonPieces(json)].map(([kind, text]) =>
    kind ? h("span", { class: `json-${kind}` }, text) : text,
  );
}

function cutNote(row, view) {
  const limit = view === "hex" ? SHOWN_HEX_BYTES : SHOWN_BYTES;
  if (row.size <= limit) return "";
  return h("p", { class: "muted note" }, `The first ${count(limit)} of ${count(row.size)} bytes.`);
}

function factsOf(row) {
  const facts = [
    ["Received", clock(row.time)],
    ["QoS", ["0 · at most once", "1 · at least once", "2 · exactly once"][row.qos]],
    ["Size", row.size < 1000 ? `${row.size} B` : `${count(row.size)} B (${bytes(row.size).join(" ")})`],
  ];
  const flags = [row.retain && "retained", row.dup && "sent again (DUP)"].filter(Boolean);
  if (flags.length > 0) facts.push(["Flags", flags.join(", ")]);
  if (row.subscriptions.length > 0)
    facts.push(["Matched", row.subscriptions.map(({ filter }) => filter).join("\n")]);
  for (const [name, label, format] of PROPERTIES) {
    const value = row.properties[name];
    if (value !== undefined) facts.push([label, format(value)]);
  }
  facts.push(...(row.properties.userProperties ?? []));
  return facts;
}

function fact([label, value]) {
  return h("div", {}, h("dt", {}, label), h("dd", {}, value));
}

function copyButton(what, text) {
  const button = h(
    "button",
    { type: "button", class: "icon-button", title: `Copy the ${what}` },
    icon("copy"),
  );
  button.setAttribute("aria-label", `Copy the ${what}`);
  button.addEventListener("click", () => copyFrom(button, text));
  return button;
}
