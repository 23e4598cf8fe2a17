import { MqttError } from "./errors.js";
import type { Attempt, RedirectOptions, UrlSource } from "./options.js";

const RAW_TCP = /^(mqtts?|tcps?|ssl|tls):$/;
const SERVER_MOVED = 0x9d;
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/** Milliseconds that a URL of a list rests after it failed; twice as long after each further failure, up to five minutes. */
const REST = 10_000;
const LONGEST_REST = 300_000;

/** One URL of a list, and what was seen of it. */
interface Server {
  readonly url: string;
  /** In a row. */
  failures: number;
  /** When it has rested. */
  rested: number;
  /** When a connection to it ended last; 0: there was none. */
  worked: number;
}

/**
 * Gives each attempt its URL. Of a list that is the one that worked last, at first the first one. One that fails rests;
 * while all rest, it is the one that has rested soonest. And servers may send us elsewhere (4.11).
 */
export class UrlRotation {
  readonly #source: UrlSource;
  /** Empty for a function. */
  readonly #servers: Server[];
  readonly #redirect: RedirectOptions | undefined;
  /** Whose turn it is, until its attempt or connection has ended. */
  #server: Server | undefined;
  /** Where the latest attempt went. */
  #latest = "";
  /** Where the server has moved for good. */
  #moved: string | undefined;
  /** The error whose reference the next attempt follows, then the one whose reference was followed last. */
  #next: MqttError | undefined;
  #last: MqttError | undefined;

  constructor(source: UrlSource, redirect?: RedirectOptions | false) {
    this.#source = source;
    this.#redirect = redirect && redirect.maxRedirects !== 0 ? redirect : undefined;
    // What does not depend on the attempt is checked now, where the caller sees it.
    const urls = typeof source === "function" ? [] : list(source);
    this.#servers = urls.map((url) => ({ url: checkUrl(url), failures: 0, rested: 0, worked: 0 }));
  }

  /** How many different URLs there are to try. */
  get count(): number {
    return this.#servers.length || 1;
  }

  /** The URL that stands for all of them; "" for a function, whose URLs are not known beforehand. */
  get first(): string {
    return this.#servers[0]?.url ?? "";
  }

  /**
   * Takes note of why an attempt or an accepted connection ended; `attempt` is the number of the one that comes. True: it
   * goes where the server says.
   */
  ended(error: MqttError | undefined, wasAccepted: boolean, attempt = 1): boolean {
    // A reference that was not wanted comes back as the error of its attempt.
    const isRedirect = error?.reasonCode === 0x9c || error?.reasonCode === SERVER_MOVED;
    const follows =
      isRedirect && this.#redirect && error.serverReference !== undefined && error !== this.#last;
    this.#next = follows ? error : undefined;
    if (!follows) {
      // A connection that ends soon, and not for the first time, is no better than none.
      if (error || wasAccepted) this.#judge(wasAccepted && (!error || attempt < 3));
      this.#server = undefined;
    }
    return this.#next !== undefined;
  }

  async next(attempt: Attempt): Promise<string> {
    const redirect = this.#next;
    this.#next = undefined;
    const url = redirect ? await this.#follow(redirect) : await this.#usual(attempt);
    this.#latest = url;
    return url;
  }

  async #usual(attempt: Attempt): Promise<string> {
    const source = this.#source;
    if (this.#moved) return this.#moved;
    if (typeof source === "function") return checkUrl(await source(attempt));
    this.#server ??= this.#choose();
    return this.#server?.url ?? "";
  }

  #choose(): Server | undefined {
    const now = performance.now();
    const rest = ({ rested }: Server) => Math.max(rested - now, 0);
    const better = (a: Server, b: Server) =>
      rest(a) - rest(b) || b.worked - a.worked || a.failures - b.failures;
    return [...this.#servers].sort(better)[0];
  }

  #judge(works: boolean): void {
    const server = this.#server;
    if (!server) return;
    const now = performance.now();
    if (works) Object.assign(server, { failures: 0, rested: 0, worked: now });
    else server.rested = now + Math.min(REST * 2 ** server.failures++, LONGEST_REST);
  }

  async #follow(error: MqttError): Promise<string> {
    this.#last = error;
    const target = await this.#redirect?.allow(error.serverReference ?? "", error);
    if (target === undefined) throw error;
    const url = checkUrl(target);
    if (url.startsWith("ws:") && this.#latest.startsWith("wss:")) {
      throw new MqttError("insecure-url", {
        detail: "redirect.allow",
        hint: "Return a wss: URL: a secure connection is not continued on an insecure one.",
      });
    }
    if (error.reasonCode === SERVER_MOVED) this.#moved = url;
    return url;
  }
}

/** The URL as text, or a typed error that tells what to change. Texts never quote the URL: it may hold a token. */
export function checkUrl(input: unknown, page: string | undefined = globalThis.location?.protocol): string {
  const url = parse(input);
  if (RAW_TCP.test(url.protocol)) {
    throw invalid(
      url.protocol,
      "Browsers cannot open TCP connections: use the server's WebSocket URL, wss://host/path.",
    );
  }
  if (url.protocol === "http:" || url.protocol === "https:") {
    throw invalid(
      url.protocol,
      `Write ${url.protocol === "https:" ? "wss" : "ws"}:// in place of ${url.protocol}//.`,
    );
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw invalid(url.protocol);
  if (url.username || url.password) {
    throw invalid("credentials in the URL", "Take them out and use the options `username` and `password`.");
  }
  if (url.href.includes("#"))
    throw invalid("fragment", "Remove # and what follows, or write %23 for a literal #.");
  if (url.protocol === "ws:" && page === "https:" && !isLoopback(url)) throw new MqttError("insecure-url");
  return url.href;
}

/** Whether a URL leads to this very machine, which no network is needed for. */
export function isLoopback(url: string | URL): boolean {
  return LOOPBACK.test(new URL(url).hostname);
}

/** Whether a browser means `url` by the address that its policy blocked: it may leave the path out. */
export function sameOrigin(address: string, url = ""): boolean {
  try {
    return new URL(address).origin === new URL(url).origin;
  } catch {
    return false;
  }
}

function parse(input: unknown): URL {
  try {
    return new URL(input as string);
  } catch {
    throw invalid(typeof input === "string" ? "not an absolute URL" : `a ${typeof input} in place of a URL`);
  }
}

function list(source: Exclude<UrlSource, () => unknown>): readonly unknown[] {
  const urls = Array.isArray(source) ? (source as readonly unknown[]) : [source];
  if (urls.length === 0) throw invalid("empty list");
  return urls;
}

function invalid(detail: string, hint?: string): MqttError {
  return new MqttError("invalid-url", { detail, hint });
}
