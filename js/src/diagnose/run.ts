import {
  BYTES,
  check,
  either,
  FUNCTION,
  INTEGER,
  OBJECT,
  oneOf,
  type Schema,
  STRING,
  STRINGS,
} from "../check.js";
import { MqttError } from "../errors.js";
import { checkUrl } from "../url.js";
import { describeHttp, describeMqtt, describeSocket, hasAnswered } from "./evidence.js";
import { explain } from "./explain.js";
import { askHttp, type HttpAnswer } from "./http.js";
import { type Facts, judge } from "./judge.js";
import { throwIfAborted, within } from "./limits.js";
import { type MqttAnswer, tryMqtt } from "./mqtt.js";
import {
  addressKind,
  isBlockedPort,
  isMoreLocal,
  localNetworkPermission,
  PolicyWatch,
  portOf,
} from "./page.js";
import { shownPath, shownUrl } from "./redact.js";
import { DiagnosisReport } from "./report.js";
import { openSocket, type SocketAnswer } from "./socket.js";
import type { DiagnoseOptions, Report, Step } from "./types.js";

const OPTIONS: Schema = {
  username: STRING,
  password: either(STRING, BYTES),
  clientId: STRING,
  protocolVersion: oneOf(4, 5, "auto"),
  subprotocols: STRINGS,
  authenticator: OBJECT,
  properties: OBJECT,
  keepAlive: INTEGER,
  timeout: INTEGER,
  hold: INTEGER,
  signal: OBJECT,
  createClient: FUNCTION,
};

/** Parts of the time: the first WebSocket has the most, because Chromium may hold it back for 5 s after failures. */
const FIRST = 0.4;
const FURTHER = 0.28; // twice, one after the other
const MQTT = 0.56;
const SHORTEST = 300;

/**
 * Finds out why this page cannot connect to an MQTT server, or that it can: looks at the page, the URL and the network,
 * opens a WebSocket, connects with the real client, and where that fails asks the server in other ways. At most six
 * WebSockets and six requests, none of which stays open. Works in workers.
 *
 * Resolves with a report whatever it finds. Rejects with `invalid-option` and `aborted` only.
 *
 * @example
 * const report = await diagnose("wss://broker.example.com/mqtt", { username: "ada", password: token });
 * if (!report.ok) console.warn(report.toText());
 */
export async function diagnose(url: string | URL, options: DiagnoseOptions = {}): Promise<Report> {
  check(options, OPTIONS);
  const { timeout = 15_000, hold = 1000 } = options;
  if (timeout < SHORTEST) throw new MqttError("invalid-option", { detail: "timeout", limit: SHORTEST });
  throwIfAborted(options.signal);
  return new Diagnosis({ ...options, hold: Math.min(hold, timeout * FURTHER * 0.5) }, timeout).run(url);
}

/** Where brokers and proxies have their WebSocket by custom. */
const USUAL_PATHS = ["/mqtt", "/ws", "/"];

/** Whether the answer may come from the wrong path: nothing there, something else, or nobody may know. */
function isMisplaced(answer: HttpAnswer): boolean {
  if (answer.kind !== "status") return answer.kind === "opaque" || answer.kind === "redirect";
  return answer.status === 404 || answer.status === 410 || answer.status < 300;
}

function opens(answer: SocketAnswer, offered: readonly string[]): boolean {
  return answer.kind === "open" && (offered.length === 0 || offered.includes(answer.protocol));
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One run: asks one thing after the other and keeps what it learns. */
class Diagnosis {
  readonly #options: DiagnoseOptions;
  readonly #timeout: number;
  readonly #policy = new PolicyWatch();
  /** In the order in which they began: some run side by side. */
  readonly #steps: Step[] = [];
  readonly #facts: Mutable<Facts>;

  constructor(options: DiagnoseOptions, timeout: number) {
    this.#options = options;
    this.#timeout = timeout;
    this.#facts = {
      isTls: true,
      pageIsSecure: globalThis.location?.protocol === "https:",
      blockedPort: false,
      online: globalThis.navigator?.onLine ?? true,
      offered: options.subprotocols ?? ["mqtt"],
    };
  }

  async run(input: string | URL): Promise<Report> {
    const start = now();
    try {
      this.#lookAtPage();
      const url = this.#readUrl(input);
      if (url && !this.#facts.urlError) await this.#tryServer(url);
      const verdict = explain(judge(this.#facts), this.#facts, url);
      const shown = url ? shownUrl(url) : "(not a WebSocket URL)";
      const browser = globalThis.navigator?.userAgent ?? "no browser";
      return new DiagnosisReport(shown, verdict, this.#steps, now() - start, browser);
    } finally {
      this.#policy.stop();
    }
  }

  #lookAtPage(): void {
    const { isSecureContext, location, document } = globalThis;
    const where = `${location?.protocol ?? "no"} ${document ? "page" : "worker"}`;
    const context = isSecureContext === false ? "not a secure context" : "secure context";
    const network = this.#facts.online ? "online" : "the browser says that it is offline";
    const result = this.#facts.online ? "passed" : "failed";
    this.#note("page", "page and network", result, `${where}, ${context}, ${network}`);
  }

  /** The URL, also of one that must not be used, as long as it is one of a WebSocket. */
  #readUrl(input: string | URL): URL | undefined {
    let url: URL | undefined;
    try {
      url = new URL(input);
      if (!/^wss?:$/.test(url.protocol)) url = undefined;
      checkUrl(input);
    } catch (error) {
      this.#facts.urlError = error instanceof MqttError ? error : new MqttError("invalid-url");
      this.#note("url", "URL", "failed", this.#facts.urlError.message);
      return url;
    }
    if (!url) return undefined;
    this.#facts.isTls = url.protocol === "wss:";
    this.#facts.blockedPort = isBlockedPort(url);
    const kind = `${addressKind(url.hostname)} address`;
    const port = this.#facts.blockedPort ? ", a port that browsers refuse" : "";
    this.#note("url", "URL", port ? "failed" : "passed", `${url.protocol} ${kind}${port}`);
    return url;
  }

  async #tryServer(url: URL): Promise<void> {
    const facts = this.#facts;
    facts.socket = await this.#socket("websocket", url, facts.offered, FIRST);
    if (facts.socket.kind === "open") {
      if (opens(facts.socket, facts.offered)) facts.mqtt = await this.#mqtt(url);
    } else if (facts.socket.kind !== "threw" && facts.socket.kind !== "forbidden" && !facts.blockedPort) {
      await this.#lookFurther(url);
    }
  }

  /** No WebSocket: asks everything that may tell why. */
  async #lookFurther(url: URL): Promise<void> {
    const facts = this.#facts;
    const http = withScheme(url, facts.isTls ? "https:" : "http:");
    const otherScheme = new URL(`${facts.isTls ? "http:" : "https:"}//${url.hostname}:${portOf(url)}/`);
    const other = facts.offered.length > 0 ? [] : ["mqtt"];
    const isSilent = facts.socket?.kind === "silent";
    const [answer, otherSubprotocol] = await Promise.all([
      this.#http("http", http),
      isSilent ? undefined : this.#socket("other-subprotocol", url, other, FURTHER),
    ]);
    facts.http = answer;
    if (otherSubprotocol) facts.otherSubprotocol = otherSubprotocol;
    if (otherSubprotocol?.kind === "open") return;

    const failed = !hasAnswered(answer) && answer.kind !== "not-allowed";
    const asksRoot = failed && url.pathname !== "/";
    const asksUsual = failed && url.port !== "";
    const asksOther = !isSilent && !(facts.isTls && hasAnswered(answer));
    const [root, scheme, usualPort, otherPath] = await Promise.all([
      asksRoot ? this.#http("http-root", new URL("/", http)) : undefined,
      asksOther ? this.#http("other-scheme", otherScheme) : undefined,
      asksUsual ? this.#http("usual-port", new URL(`${http.protocol}//${url.hostname}/`)) : undefined,
      isMisplaced(answer) ? this.#otherPath(url) : undefined,
    ]);
    if (usualPort) facts.usualPort = usualPort;
    if (otherPath) facts.otherPath = otherPath;
    if (root) facts.root = root;
    if (scheme) facts.otherScheme = scheme;
    await this.#permission(url);
  }

  /** Looks for the broker at the paths that are usual. */
  #otherPath(url: URL): Promise<URL | undefined> {
    const own = url.pathname.endsWith("/") ? [] : [`${url.pathname}/`];
    const paths = [...own, ...USUAL_PATHS].filter((path) => path !== url.pathname);
    const places = paths.map((path) => new URL(path + url.search, url));
    const { offered } = this.#facts;
    return this.#step<URL | undefined>(
      "other-path",
      `WebSocket at ${places.map(shownPath).join(", ")}`,
      async (signal) => {
        const answers = places.map((place) => openSocket(place, offered, this.#policy, signal));
        const opened = (await Promise.all(answers)).findIndex((answer) => opens(answer, offered));
        return places[opened];
      },
      () => undefined,
      (place) => (place ? ["passed", `opens at ${shownPath(place)}`] : ["failed", "none opens"]),
    );
  }

  /** Asked last: a question to the user may have been answered meanwhile. */
  async #permission(url: URL): Promise<void> {
    const kind = addressKind(url.hostname);
    if (!isMoreLocal(kind, addressKind(globalThis.location?.hostname ?? ""))) return;
    const state = await localNetworkPermission(kind);
    this.#facts.permission = state;
    const result = state === "granted" ? "passed" : state === "denied" ? "failed" : "unknown";
    this.#note("local-network", "local network access", result, state);
  }

  #socket(
    name: Step["name"],
    url: URL,
    subprotocols: readonly string[],
    part: number,
  ): Promise<SocketAnswer> {
    const offer = subprotocols.length > 0 ? `with ${subprotocols.join(", ")}` : "without subprotocol";
    return this.#step<SocketAnswer>(
      name,
      `WebSocket ${offer}`,
      (signal) => openSocket(url, subprotocols, this.#policy, signal),
      () => ({ kind: "silent" }),
      describeSocket,
      part,
    );
  }

  #http(name: Step["name"], url: URL): Promise<HttpAnswer> {
    return this.#step<HttpAnswer>(
      name,
      `GET ${url.protocol}//…${shownPath(url)}`,
      (signal) => askHttp(url, this.#policy, signal),
      () => ({ kind: "silent" }),
      describeHttp,
    );
  }

  #mqtt(url: URL): Promise<MqttAnswer> {
    const { username, password, clientId } = this.#options;
    const secrets = [username, password, clientId];
    const seen = { received: 0, opened: 0 };
    return this.#step<MqttAnswer>(
      "mqtt",
      "MQTT",
      (signal) => tryMqtt(url, this.#options, this.#timeout * FURTHER, seen, signal),
      () => ({ error: new MqttError("timeout"), ...seen }),
      (answer) => describeMqtt(answer, secrets),
      MQTT,
    );
  }

  /** Does one thing within its part of the time, and writes down how it went. */
  async #step<T>(
    name: Step["name"],
    checked: string,
    work: (signal: AbortSignal) => Promise<T>,
    late: () => T,
    describe: (answer: T) => readonly [Step["result"], string],
    part = FURTHER,
  ): Promise<T> {
    const start = now();
    const place = this.#note(name, checked, "unknown", "");
    const answer = await within(this.#timeout * part, this.#options.signal, late, work);
    const [result, evidence] = describe(answer);
    this.#steps[place] = { name, checked, result, evidence, duration: now() - start };
    return answer;
  }

  #note(name: Step["name"], checked: string, result: Step["result"], evidence: string): number {
    return this.#steps.push({ name, checked, result, evidence, duration: 0 }) - 1;
  }
}

function withScheme(url: URL, scheme: string): URL {
  return new URL(url.href.replace(/^wss?:/, scheme));
}

function now(): number {
  return performance.now();
}
