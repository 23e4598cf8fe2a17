import { byId, h, setText } from "./dom.js";
import { negotiatedFacts, offeredAbilities } from "./negotiated.js";
import { DEFAULTS, randomClientId, recentUrls, remember } from "./settings.js";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Failures whose cause is known: asking the server would tell nothing more. */
const EXPLAINED = ["client-id-in-use", "session-taken-over", "invalid-option", "engine-crashed"];

/** The connection form, what was negotiated, and what helps when it fails. */
export class ConnectPane {
  #session;
  #form = byId("connect-form");
  #onConnect;
  #check;
  /** What the reader chose, for when nothing is kept. */
  #cleanStart = DEFAULTS.cleanStart;
  /** The form is open although there is a connection. */
  #editing = false;

  /**
   * @param {object} parts
   * @param {import("./session.js").Session} parts.session
   * @param {() => void} parts.onConnect
   * @param {(settings: object) => void} parts.check asks the server what is wrong
   */
  constructor({ session, onConnect, check }) {
    this.#session = session;
    this.#onConnect = onConnect;
    this.#check = check;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.connect();
    });
    this.#form.addEventListener("input", () => this.#checkUrl());
    byId("disconnect").addEventListener("click", () => session.disconnect());
    byId("cancel").addEventListener("click", () => session.disconnect());
    byId("check").addEventListener("click", () => this.check());
    byId("keep-unsent").addEventListener("change", () => this.#drawKeeping());
    this.#form.elements.cleanStart.addEventListener("change", ({ target }) => {
      this.#cleanStart = target.checked;
    });
    byId("edit-connection").addEventListener("click", () => {
      this.#editing = !this.#editing;
      this.draw();
    });
    session.addEventListener("change", () => this.draw());
    this.#listRecent();
  }

  get settings() {
    const fields = this.#form.elements;
    const values = Object.entries(DEFAULTS).map(([name, value]) => [
      name,
      typeof value === "boolean" ? fields[name].checked : fields[name].value.trim(),
    ]);
    return { ...Object.fromEntries(values), cleanStart: this.#cleanStart };
  }

  set settings(values) {
    for (const [name, value] of Object.entries(values)) {
      const field = this.#form.elements[name];
      if (typeof value === "boolean") field.checked = value;
      else field.value = value;
    }
    this.#cleanStart = this.#form.elements.cleanStart.checked;
    this.#drawKeeping();
    this.#checkUrl();
  }

  /** `isLasting`: the form is what the next visit begins with. */
  async connect({ isLasting = true } = {}) {
    this.#drawKeeping();
    const { settings } = this;
    const invalid = [...this.#form.elements].find((field) => field.willValidate && !field.validity.valid);
    if (invalid || this.#urlProblem(settings.url).fatal) {
      const field = invalid ?? byId("url");
      field.closest("details")?.setAttribute("open", "");
      this.#checkUrl(true);
      return field.focus();
    }
    if (isLasting) remember(settings);
    this.#listRecent();
    this.#editing = false;
    this.#onConnect();
    await this.#session.connect(settings);
  }

  /** Asks the server, without connecting this page. */
  check() {
    const { settings } = this;
    if (settings.url === "") {
      this.#checkUrl(true);
      return byId("url").focus();
    }
    this.#check(settings);
  }

  /** The buttons that help with a notice. */
  actionsFor({ about, error }) {
    if (about !== "connection") return [];
    const button = (text, onclick, kind = "") => h("button", { type: "button", class: kind, onclick }, text);
    const why = button("Find out why", () => this.#check(this.#session.settings ?? this.settings), "primary");
    const again = button("Try now", () => this.connect());
    if (error.code === "client-id-in-use")
      return [button("Use another client ID", () => this.#rename()), again];
    return EXPLAINED.includes(error.code) ? [again] : [why, again];
  }

  /** For this tab only: what is kept under the identifier before would be out of reach if that were forgotten. */
  #rename() {
    this.#form.elements.clientId.value = randomClientId();
    this.connect({ isLasting: false });
  }

  /** A store needs an identifier that stays the same, and the session. */
  #drawKeeping() {
    const { clientId, cleanStart, keepUnsent, sessionExpiryInterval } = this.#form.elements;
    if (keepUnsent.checked && clientId.value.trim() === "") clientId.value = randomClientId();
    cleanStart.disabled = keepUnsent.checked;
    sessionExpiryInterval.placeholder = keepUnsent.checked ? "86400" : "300";
    cleanStart.checked = !keepUnsent.checked && this.#cleanStart;
    byId("keep-note").hidden = !keepUnsent.checked;
  }

  focus() {
    this.#editing = true;
    this.draw();
    byId("url").focus();
  }

  draw() {
    const { state, client, retry } = this.#session;
    const active = state !== "idle" && state !== "closed";
    const folded = state === "connected" && !this.#editing;
    this.#form.hidden = folded;
    byId("edit-connection").hidden = state !== "connected";
    byId("edit-connection").setAttribute("aria-expanded", String(!folded));
    byId("disconnect").hidden = state !== "connected";
    byId("cancel").hidden = !active || state === "connected";
    setText(byId("connect"), state === "connected" ? "Reconnect" : "Connect");
    byId("connect").disabled = (state === "connecting" && !retry) || state === "closing";
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
