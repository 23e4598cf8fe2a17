// What is loaded only by clients with several URLs or `redirect`. It imports nothing at run time, as `renewal.ts`.
import type { asMqttError, MqttError } from "./errors.js";
import type { Attempt, RedirectOptions } from "./options.js";
import type { checkUrl, Urls } from "./url.js";

const USE_ANOTHER_SERVER = 0x9c;
const SERVER_MOVED = 0x9d;

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

/** What it shares with the rest of the client. */
export interface RotationTools {
  readonly checkUrl: typeof checkUrl;
  readonly asMqttError: typeof asMqttError;
}

/**
 * Gives each attempt its URL. Of a list that is the one that worked last, at first the first one. One that fails rests;
 * while all rest, it is the one that has rested soonest. And servers may send us elsewhere (4.11).
 */
export class Rotation {
  readonly #urls: Urls;
  readonly #redirect: RedirectOptions | undefined;
  readonly #tools: RotationTools;
  readonly #servers: Server[];
  /** Whose turn it is, until its attempt or connection has ended. */
  #server: Server | undefined;
  /** Where the latest attempt went. */
  #latest = "";
  /** Where the server has moved for good. */
  #moved: string | undefined;
  /** The error whose reference the next attempt follows, then the one whose reference was followed last. */
  #next: MqttError | undefined;
  #last: MqttError | undefined;

  constructor(urls: Urls, redirect: RedirectOptions | false | undefined, tools: RotationTools) {
    this.#urls = urls;
    this.#redirect = redirect && redirect.maxRedirects !== 0 ? redirect : undefined;
    this.#tools = tools;
    this.#servers = urls.all.map((url) => ({ url, failures: 0, rested: 0, worked: 0 }));
  }

  /**
   * Takes note of why an attempt or an accepted connection ended; `attempt` is the number of the one that comes. True: it
   * goes where the server says.
   */
  ended(error: MqttError | undefined, wasAccepted: boolean, attempt = 1): boolean {
    // A reference that was not wanted comes back as the error of its attempt.
    const isRedirect = error?.reasonCode === USE_ANOTHER_SERVER || error?.reasonCode === SERVER_MOVED;
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
    this.#latest = redirect ? await this.#follow(redirect) : await this.#usual(attempt);
    return this.#latest;
  }

  async #usual(attempt: Attempt): Promise<string> {
    if (this.#moved) return this.#moved;
    this.#server ??= this.#choose();
    return this.#server?.url ?? this.#urls.next(attempt);
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
    const url = this.#tools.checkUrl(target);
    if (url.startsWith("ws:") && this.#latest.startsWith("wss:")) {
      throw this.#tools.asMqttError(undefined, "insecure-url", {
        detail: "redirect.allow",
        hint: "Return a wss: URL: a secure connection is not continued on an insecure one.",
      });
    }
    if (error.reasonCode === SERVER_MOVED) this.#moved = url;
    return url;
  }
}
