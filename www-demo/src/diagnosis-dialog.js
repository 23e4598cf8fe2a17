import { checksTitle, confidence, DIAGNOSIS_MS, toDiagnoseOptions } from "./diagnosis.js";
import { byId, copyFrom, h, setText } from "./dom.js";
import { errorCard, LAYERS } from "./errors.js";
import { diagnosis } from "./library.js";

const MARKS = { passed: "✓", failed: "✕", unknown: "?" };
const RESULTS = { passed: "passed", failed: "failed", unknown: "proves nothing" };

/** Runs `wasmqtt/diagnose` and shows its report. */
export class DiagnosisDialog {
  #dialog = byId("diagnosis");
  #body = byId("diagnosis-body");
  #session;
  #onConnect;
  /** What is being asked, or was asked last. */
  #settings;
  #running;
  #report;

  /** @param {{ session: import("./session.js").Session, onConnect: () => void }} parts */
  constructor({ session, onConnect }) {
    this.#session = session;
    this.#onConnect = onConnect;
    this.#body.tabIndex = 0; // a long report is scrolled by keyboard, too
    this.#dialog.addEventListener("close", () => this.#running?.abort());
    byId("diagnosis-close").addEventListener("click", () => this.#dialog.close());
    byId("diagnosis-again").addEventListener("click", () => this.run(this.#settings));
    byId("diagnosis-copy").addEventListener("click", () =>
      copyFrom(byId("diagnosis-copy"), this.#report.toText()),
    );
    byId("diagnosis-connect").addEventListener("click", () => {
      this.#dialog.close();
      this.#onConnect();
    });
  }

  /** Checks the address of these settings; what ran before is given up. */
  async run(settings) {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.#settings = settings;
    this.#report = undefined;
    if (!this.#dialog.open) this.#dialog.showModal();
    const options = toDiagnoseOptions(settings, this.#session.uses(settings.clientId));
    const stop = this.#showProgress();
    try {
      const { diagnose } = await diagnosis();
      const report = await diagnose(settings.url, { ...options, signal: running.signal });
      if (this.#running === running) this.#showReport(report, settings.clientId && !options.clientId);
    } catch (error) {
      if (!running.signal.aborted)
        this.#body.replaceChildren(errorCard("The check could not be made.", error));
    } finally {
      stop();
      if (this.#running === running) this.#running = undefined;
      this.#drawButtons();
    }
  }

  #showProgress() {
    const bar = h("progress", { max: DIAGNOSIS_MS / 1_000, value: 0, "aria-label": "Time used" });
    const time = h("span", { class: "muted", "aria-hidden": "true" });
    const started = performance.now();
    const draw = () => {
      const passed = Math.floor((performance.now() - started) / 1_000);
      bar.value = passed;
      setText(time, `${passed} s of at most ${DIAGNOSIS_MS / 1_000} s`);
    };
    const timer = setInterval(draw, 500);
    draw();
    setText(byId("diagnosis-url"), "");
    const doing = "Asking the server in several ways: WebSocket, HTTP, MQTT …";
    setText(byId("diagnosis-status"), doing);
    this.#body.replaceChildren(h("p", {}, doing), h("div", { class: "progress-row" }, bar, time));
    this.#drawButtons();
    return () => clearInterval(timer);
  }

  #showReport(report, withoutId) {
    this.#report = report;
    const { verdict, steps, url } = report;
    const { code, layer, summary, hint, checks } = verdict;
    setText(byId("diagnosis-url"), url);
    setText(byId("diagnosis-status"), `${confidence(report)}: ${summary} ${hint}`);
    const mood = report.ok ? "is-ok" : verdict.certain ? "is-bad" : "is-open";
    this.#body.replaceChildren(
      h(
        "section",
        { class: `verdict ${mood}` },
        h("p", { class: "verdict-mood" }, confidence(report)),
        h("h3", {}, summary),
        h("p", {}, ...linked(hint)),
        h(
          "p",
          { class: "error-facts mono" },
          h("span", {}, code),
          h("span", {}, `layer: ${LAYERS[layer] ?? layer}`),
        ),
      ),
      ...(checks.length > 0 ? [h("h3", {}, checksTitle(report)), checkList(checks)] : []),
      h("h3", {}, "What was asked, and what was seen"),
      h("ol", { class: "steps" }, ...steps.map(stepItem)),
      ...(withoutId ? [randomIdNote()] : []),
    );
    this.#body.scrollTop = 0;
  }

  #drawButtons() {
    const isRunning = this.#running !== undefined;
    const ok = this.#report?.ok === true;
    byId("diagnosis-copy").hidden = !this.#report;
    byId("diagnosis-again").hidden = isRunning;
    byId("diagnosis-connect").hidden = !ok || this.#session.connected;
    setText(byId("diagnosis-close"), isRunning ? "Cancel" : "Close");
  }
}

function checkList(checks) {
  return h("ol", { class: "checks" }, ...checks.map((text) => h("li", {}, text)));
}

/** Text whose addresses can be opened: there the browser says what it does not tell a page. */
function linked(text) {
  return text
    .split(/(https?:\/\/[^\s;,]+\w)/)
    .map((part, at) =>
      at % 2 === 1 ? h("a", { href: part, target: "_blank", rel: "noreferrer" }, part) : part,
    );
}

function stepItem({ checked, result, evidence, duration }) {
  return h(
    "li",
    { class: `step is-${result}` },
    h("span", { class: "step-mark", "aria-hidden": "true" }, MARKS[result]),
    h(
      "span",
      { class: "step-lines" },
      h("span", {}, checked, h("span", { class: "visually-hidden" }, `: ${RESULTS[result]}`)),
      h("span", { class: "muted" }, evidence),
    ),
    h("span", { class: "step-time muted" }, `${Math.round(duration)} ms`),
  );
}

function randomIdNote() {
  return h(
    "p",
    { class: "muted note" },
    "Asked with a random client ID: with the one of the form it would have ended a connection or a session of this browser.",
  );
}
