import { byId, h, setText } from "./dom.js";
import { errorCard } from "./errors.js";

/** The states in which a client is on its way back. */
const AWAY = ["connecting", "reconnecting", "suspended"];

/** What the reader must know whatever pane is open: at most one card about each thing, below the top bar. */
export class Notices {
  #session;
  #actions;
  #place = byId("notices");
  /** What it is about → its card. */
  #cards = new Map();
  /** When the next attempt is, in the card about the connection. */
  #next = h("p", { class: "error-next", "aria-live": "off" });

  /**
   * @param {object} parts
   * @param {import("./session.js").Session} parts.session
   * @param {(notice: object) => HTMLElement[]} parts.actions buttons that help
   */
  constructor({ session, actions }) {
    this.#session = session;
    this.#actions = actions;
    session.addEventListener("notice", ({ detail }) => this.#show(detail));
    session.addEventListener("change", () => this.#draw());
    setInterval(() => this.#draw(), 1_000);
  }

  #show(notice) {
    const { about, text, error } = notice;
    this.#cards.get(about)?.remove();
    this.#cards.delete(about);
    if (!error) return;
    const close = h("button", { type: "button", class: "quiet" }, "Dismiss");
    close.addEventListener("click", () => this.#show({ about }));
    const card = errorCard(text, error, ...this.#actions(notice), close);
    card.dataset.about = about;
    if (about === "connection") card.lastChild.before(this.#next);
    this.#cards.set(about, card);
    this.#place.append(card);
    this.#draw();
  }

  #draw() {
    const { state, retry } = this.#session;
    this.#next.hidden = !AWAY.includes(state);
    setText(this.#next, nextAttempt(state, retry, navigator.onLine));
  }
}

/** When a client that lost its connection tries again, as a sentence. */
export function nextAttempt(state, retry, isOnline, now = performance.now()) {
  if (state === "suspended") {
    return isOnline
      ? "No attempt while this page rests; the next one follows when it goes on."
      : "No attempt while this device is offline; the next one follows at once when it is back.";
  }
  if (!retry) return "Trying now …";
  const left = Math.ceil((retry.at - now) / 1_000);
  return left > 0 ? `Attempt ${retry.attempt} in ${left} s.` : `Attempt ${retry.attempt} is under way …`;
}
