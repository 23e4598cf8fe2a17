/** What can be known before anything is sent: the page, its policy, the address. */

/** Ports that no browser connects to (Fetch, section 2.9). */
const BLOCKED_PORTS =
  "0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 " +
  "137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 " +
  "1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080";

export function isBlockedPort(url: URL): boolean {
  return BLOCKED_PORTS.split(" ").includes(portOf(url));
}

/** The port, also where the URL leaves it out. */
export function portOf({ port, protocol }: URL): string {
  return port || (protocol === "ws:" ? "80" : "443");
}

export type AddressKind = "loopback" | "private" | "public";

/** What the host name says about the network. A name that is none of the local ones counts as public. */
export function addressKind(hostname: string): AddressKind {
  if (/^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return "loopback";
  const isPrivate =
    /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)|\.(local|lan|home\.arpa|internal)$|^\[f(e[89ab]|[cd])/;
  return isPrivate.test(hostname) ? "private" : "public";
}

/** Whether pages of the one kind need a permission for the other. */
export function isMoreLocal(kind: AddressKind, own: AddressKind): boolean {
  const order: readonly AddressKind[] = ["public", "private", "loopback"];
  return order.indexOf(kind) > order.indexOf(own);
}

export function isAddress(hostname: string): boolean {
  return /^[\d.]+$|^\[/.test(hostname);
}

export type PermissionAnswer = PermissionState | "unsupported";

/** What the browser's Local Network Access would answer for this kind of address. */
export async function localNetworkPermission(kind: AddressKind): Promise<PermissionAnswer> {
  const names = [kind === "loopback" ? "loopback-network" : "local-network", "local-network-access"];
  for (const name of names) {
    try {
      const status = await globalThis.navigator.permissions.query({ name: name as PermissionName });
      return status.state;
    } catch {} // a browser that does not know the name, or no permissions at all
  }
  return "unsupported";
}

/** Follows what the Content Security Policy of the page refuses. */
export class PolicyWatch {
  readonly #blocked = new Set<string>();
  // A worker has no document; there the event comes to its global scope.
  readonly #target: EventTarget | undefined = globalThis.document ?? globalThis;

  constructor() {
    this.#target?.addEventListener?.("securitypolicyviolation", this.#onViolation);
  }

  stop(): void {
    this.#target?.removeEventListener?.("securitypolicyviolation", this.#onViolation);
  }

  /** Whether a request to this origin was refused. */
  refused(url: URL): boolean {
    return this.#blocked.has(url.origin);
  }

  readonly #onViolation = (event: Event): void => {
    const { blockedURI, disposition } = event as SecurityPolicyViolationEvent;
    if (disposition === "report") return;
    try {
      this.#blocked.add(new URL(blockedURI).origin);
    } catch {} // "inline", "eval": not about addresses
  };
}
