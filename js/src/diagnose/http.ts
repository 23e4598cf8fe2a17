import { pause } from "./limits.js";
import type { PolicyWatch } from "./page.js";
import { addressKind } from "./page.js";

/** What a plain GET of the address tells. */
export type HttpAnswer =
  | { readonly kind: "status"; readonly status: number; readonly timing?: string }
  /** A redirect, seen from the same origin. */
  | { readonly kind: "redirect" }
  /** An answer that the page may not read. */
  | { readonly kind: "opaque" }
  /** The connection could not be made or was dropped: browsers do not tell which. */
  | { readonly kind: "failed" }
  | { readonly kind: "silent" }
  /** The page's own policy does not allow to ask. */
  | { readonly kind: "not-allowed" };

/** Time for a policy violation to be reported after the request that it ended. */
const REPORT_GRACE = 50;

/** Asks `url` (http: or https:) without credentials and reads no body. Reads the status where the page may. */
export async function askHttp(url: URL, policy: PolicyWatch, signal: AbortSignal): Promise<HttpAnswer> {
  const page = globalThis.location;
  if (url.protocol === "http:" && page?.protocol === "https:" && addressKind(url.hostname) !== "loopback") {
    return { kind: "not-allowed" }; // mixed content
  }
  try {
    if (url.origin === page?.origin)
      return await get(url, { mode: "same-origin", redirect: "manual" }, signal);
    const reached = await get(url, { mode: "no-cors" }, signal);
    // Only a server that allows every origin lets us read how it answered.
    return await get(url, { mode: "cors", redirect: "manual" }, signal).catch(() => reached);
  } catch {
    await pause(REPORT_GRACE, signal);
    return { kind: policy.refused(url) ? "not-allowed" : "failed" };
  }
}

async function get(url: URL, init: RequestInit, signal: AbortSignal): Promise<HttpAnswer> {
  const response = await fetch(url, {
    cache: "no-store",
    credentials: "omit",
    referrerPolicy: "no-referrer",
    signal,
    ...init,
  });
  response.body?.cancel().catch(() => {});
  if (response.type === "opaqueredirect") return { kind: "redirect" };
  if (response.type === "opaque") return { kind: "opaque" };
  const timing = readTiming(url);
  return { kind: "status", status: response.status, ...(timing && { timing }) };
}

/** How the connection was made, as far as Resource Timing tells: all zero means that it does not. */
function readTiming(url: URL): string | undefined {
  const entries = globalThis.performance?.getEntriesByName?.(url.href, "resource") ?? [];
  const entry = entries.at(-1) as PerformanceResourceTiming | undefined;
  if (!entry?.connectEnd || entry.connectEnd === entry.connectStart) return undefined;
  const tls = entry.secureConnectionStart > 0 ? entry.connectEnd - entry.secureConnectionStart : 0;
  const tcp = entry.connectEnd - entry.connectStart - tls;
  const parts = [entry.nextHopProtocol, `TCP ${Math.round(tcp)} ms`, tls > 0 && `TLS ${Math.round(tls)} ms`];
  return parts.filter(Boolean).join(", ");
}
