import { MqttError } from "./errors.js";
import type { Attempt, UrlSource } from "./options.js";

const RAW_TCP = /^(mqtts?|tcps?|ssl|tls):$/;
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/** Where the application says to connect. Of several URLs `rotation.ts` chooses. */
export class Urls {
  readonly #source: UrlSource;
  /** Empty for a function, whose URLs are not known beforehand. */
  readonly all: readonly string[];

  constructor(source: UrlSource) {
    this.#source = source;
    // What does not depend on the attempt is checked now, where the caller sees it.
    this.all = typeof source === "function" ? [] : list(source).map((url) => checkUrl(url));
  }

  /** How many different URLs there are to try. */
  get count(): number {
    return this.all.length || 1;
  }

  /** The URL that stands for all of them; "" for a function. */
  get first(): string {
    return this.all[0] ?? "";
  }

  /** The only one, or what the function answers. */
  async next(attempt: Attempt): Promise<string> {
    const source = this.#source;
    return typeof source === "function" ? checkUrl(await source(attempt)) : this.first;
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
