const PARTS =
  /^([a-z][a-z\d+.-]*:)\/\/(?:([^/?#@]*)@)?(\[[\da-f:.]+\]|[^/?#:@\s[\]]+)(?::(\d{0,5}))?(\/[^?#]*)?(\?[^#]*)?(#.*)?$/i;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { "ws:": "80", "wss:": "443" };

/** As much of the standard's `URL` as clients use, for absolute URLs with a host. Throws a `TypeError` for anything else. */
export class HostUrl {
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  /** Without the port. */
  readonly hostname: string;
  readonly host: string;
  readonly pathname: string;
  readonly href: string;
  readonly origin: string;

  constructor(input: unknown) {
    const parts = typeof input === "string" ? PARTS.exec(input.trim()) : undefined;
    const [, protocol = "", user = "", host = "", port = "", path = "/", search = "", hash = ""] =
      parts ?? [];
    if (!parts || Number(port) > 65_535) throw new TypeError("Invalid URL");
    this.protocol = protocol.toLowerCase();
    const colon = `${user}:`.indexOf(":");
    this.username = user.slice(0, colon);
    this.password = user.slice(colon + 1);
    this.hostname = host.toLowerCase();
    this.host = this.hostname + (port && port !== DEFAULT_PORTS[this.protocol] ? `:${Number(port)}` : "");
    this.pathname = encoded(path);
    this.origin = `${this.protocol}//${this.host}`;
    this.href = `${this.protocol}//${user && `${user}@`}${this.host}${this.pathname}${encoded(search)}${encoded(hash)}`;
  }
}

/** Spaces and what is not ASCII do not go into a request line. */
function encoded(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}
