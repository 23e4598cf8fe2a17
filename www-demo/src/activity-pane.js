import { byId, h } from "./dom.js";
import { errorLine } from "./errors.js";
import { clock } from "./format.js";

const MAX_LINES = 100;

/** What the connection went through, newest first. */
export class ActivityPane {
  #list = byId("activity");

  /** @param {{ session: import("./session.js").Session }} parts */
  constructor({ session }) {
    session.addEventListener("activity", ({ detail }) => this.#add(detail));
  }

  #add({ text, error }) {
    const line = error ? `${text}: ${errorLine(error)}` : text;
    this.#list.prepend(
      h("li", { class: error ? "bad" : "" }, h("time", { class: "mono" }, clock(Date.now())), " ", line),
    );
    while (this.#list.childElementCount > MAX_LINES) this.#list.lastChild.remove();
  }
}
