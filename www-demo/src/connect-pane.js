import { byId, h, setText } from "./dom.js";
import { errorCard } from "./errors.js";
import { negotiatedFacts, offeredAbilities } from "./negotiated.js";
import { DEFAULTS, recentUrls, remember } from "./settings.js";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The connection form, what was negotiated, and what went wrong. */
export class ConnectPane {
  #session;
  #form = byId("connect-form");
  #onConnect;
  /** The form is open although there is a connection. */
  #editing = false;

  /** @param {{ session: import("./session.js").Session, onConnect: () => void }} parts */
  constructor({ session, onConnect }) {
    this.#session = session;
    this.#onConnect = onConnect;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.connect();
    });
    this.#form.addEventListener("input", () => this.#checkUrl());
    byId("disconnect").addEventListener("click", () => session.disconnect());
    byId("cancel").addEventListener("click", () => session.disconnect());
    byId("edit-connection").addEventListener("click", () => {
      this.#editing = !this.#editing;
      this.draw();
    });
    session.addEventListener("change", () => this.draw());
    session.addEventListener("notice", ({ detail }) => this.#showNotice(detail));
    this.#listRecent();
  }

  get settings() {
    const fields = this.#form.elements;
    return Object.fromEntries(
      Object.entries(DEFAULTS).map(([name, value]) => [
        name,
        typeof value === "boolean" ? fields[name].checked : fields[name].value.trim(),
      ]),
    );
  }

  set settings(values) {
    for (const [name, value] of Object.entries(values)) {
      const field = this.#form.elements[name];
      if (typeof value === "boolean") field.checked = value;
      else field.value = value;
    }
    this.#checkUrl();
  }

  async connect() {
    const { settings } = this;
    const invalid = [...this.#form.elements].find((field) => field.willValidate && !field.validity.valid);
    if (invalid || this.#urlProblem(settings.url).fatal) {
      const field = invalid ?? byId("url");
      field.closest("details")?.setAttribute("open", "");
      this.#checkUrl(true);
      return field.focus();
    }
    remember(settings);
    this.#listRecent();
    this.#editing = false;
    this.#onConnect();
    await this.#session.connect(settings);
  }

  focus() {
    this.#editing = true;
    this.draw();
    byId("url").focus();
  }

  draw() {
    const { state, client } = this.#session;
    const active = state !== "idle" && state !== "closed";
    const folded = state === "connected" && !this.#editing;
    this.#form.hidden = folded;
    byId("edit-connection").hidden = state !== "connected";
    byId("edit-connection").setAttribute("aria-expanded", String(!folded));
    byId("disconnect").hidden = state !== "connected";
    byId("cancel").hidden = !active || state === "connected";
    setText(byId("connect"), state === "connected" ? "Reconnect" : "Connect");
    byId("connect").disabled = state === "connecting" || state === "closing";
    this.#drawNegotiated(state === "connected" ? client.server : undefined);
  }

  #drawNegotiated(server) {
    const facts = byId("negotiated");
    const abilities = byId("abilities");
    facts.hidden = abilities.hidden = !server;
    if (!server) return;
    facts.replaceChildren(...negotiatedFacts(server));
    abilities.replaceChildren(...offeredAbilities(server));
  }

  #showNotice(notice) {
    const place = byId("connect-error");
    const banner = byId("notices");
    place.replaceChildren();
    banner.replaceChildren();
    if (!notice) return;
    const again = h("button", { type: "button", onclick: () => this.connect() }, "Try now");
    const close = h(
      "button",
      { type: "button", class: "quiet", onclick: () => banner.replaceChildren() },
      "Dismiss",
    );
    banner.append(errorCard(notice.text, notice.error, again, close));
  }

  #checkUrl(complain = false) {
    const { text, fatal } = this.#urlProblem(byId("url").value.trim(), complain);
    const note = byId("url-note");
    setText(note, text ?? "");
    note.hidden = !text;
    note.classList.toggle("bad", Boolean(fatal));
    byId("url").setAttribute("aria-invalid", String(Boolean(text && fatal)));
  }

  /** What a browser will not do, said before it fails. */
  #urlProblem(text, complain = true) {
    if (text === "") return { text: complain ? "Where is the broker?" : undefined, fatal: true };
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url) return { text: "This is not a complete URL: wss://host:port/path.", fatal: true };
    if (/^(mqtts?|tcp|ssl):$/.test(url.protocol)) {
      return {
        text: "Browsers cannot open raw MQTT ports. Use the broker's WebSocket address: wss://host:port/mqtt.",
        fatal: true,
      };
    }
    if (!/^(wss?|https?):$/.test(url.protocol))
      return { text: "Use wss:// (or ws:// on this machine).", fatal: true };
    if (/^(ws|http):$/.test(url.protocol) && location.protocol === "https:" && !LOOPBACK.test(url.hostname)) {
      return {
        text: "This page came over HTTPS: the browser blocks ws:// to other machines. Use wss://.",
        fatal: true,
      };
    }
    if (url.search)
      return { text: "The part after ? is used, but left out of links and storage: it may be a token." };
    return {};
  }

  #listRecent() {
    byId("recent-urls").replaceChildren(...recentUrls().map((value) => h("option", { value })));
  }
}
