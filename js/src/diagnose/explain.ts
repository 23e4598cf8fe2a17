import { CLOSE_HINTS, REASON_HINTS, reasonName } from "../error-codes.js";
import type { Facts, Judgement } from "./judge.js";
import { isAddress, portOf } from "./page.js";
import { shownPath } from "./redact.js";
import {
  ADDRESS_CERTIFICATE,
  ASK_LOCAL_NETWORK,
  MIXED_LOOPBACK,
  OTHER_PATH,
  PROBE_BLOCKED,
  RAW_PORT,
  TEXTS,
  TLS_ONLY,
} from "./texts.js";
import type { DiagnosisCode, Verdict } from "./types.js";

/** Codes for which nothing of the server was seen. */
const UNSEEN: readonly DiagnosisCode[] = ["unreachable", "port-unreachable", "silent", "tls-failed"];

/** Puts a judgement into words. `url` is absent when it could not be read. */
export function explain({ code, certain }: Judgement, facts: Facts, url: URL | undefined): Verdict {
  const [layer, summary, hint, ...checks] = TEXTS[code];
  const fill = filler(facts, url);
  const { urlError } = facts;
  const error = urlError ?? facts.mqtt?.error;
  const better =
    urlError?.hint ??
    REASON_HINTS[error?.reasonCode ?? -1] ??
    CLOSE_HINTS[error?.closeCode ?? -1] ??
    (facts.otherPath && code !== "wrong-path" ? OTHER_PATH : ownHint(code, facts));
  const all = url && !certain ? [...moreChecks(code, facts, url), ...checks] : checks;
  return {
    code,
    layer,
    certain,
    summary: fill(summary),
    hint: fill(better ?? hint),
    checks: all.filter((check) => facts.isTls || !TLS_ONLY.includes(check)).map(fill),
    ...(error && { error }),
  };
}

/** Where the error of the client knows better. */
function ownHint(code: DiagnosisCode, { mqtt }: Facts): string | undefined {
  return code === "wasm-load-failed" || code === "client-error" ? mqtt?.error?.hint : undefined;
}

/** What this address and this page make likely, before what is always possible. */
function moreChecks(code: DiagnosisCode, facts: Facts, url: URL): string[] {
  const more: string[] = [];
  if (UNSEEN.includes(code)) {
    if (!facts.isTls && facts.pageIsSecure) more.push(MIXED_LOOPBACK);
    if (url.port === "1883" || url.port === "8883") more.push(RAW_PORT);
    if (facts.isTls && isAddress(url.hostname)) more.push(ADDRESS_CERTIFICATE);
    if (facts.permission === "prompt") more.push(ASK_LOCAL_NETWORK);
  }
  const blocked = facts.http?.kind === "not-allowed" && (UNSEEN.includes(code) || code === "http-answer");
  return blocked ? [...more, PROBE_BLOCKED] : more;
}

function filler(
  { mqtt, http, offered, socket, otherPath }: Facts,
  url: URL | undefined,
): (text: string) => string {
  const { reasonCode, closeCode } = mqtt?.error ?? {};
  const values: Record<string, string | number | undefined> = {
    origin: url?.origin,
    https: url?.origin.replace(/^ws/, "http"),
    host: url?.host,
    hostname: url?.hostname,
    port: url && portOf(url),
    protocol: url?.protocol === "ws:" ? "HTTP" : "TLS",
    path: url && shownPath(url),
    found: otherPath && shownPath(otherPath),
    status: http?.kind === "status" ? http.status : undefined,
    offered: offered.join(", "),
    selected: socket?.kind === "open" ? `it selected ${socket.protocol || "none"}` : "it opens without",
    reason: reasonCode === undefined ? undefined : (reasonName(reasonCode) ?? `code ${reasonCode}`),
    close: closeCode === undefined ? "" : ` (close ${closeCode})`,
  };
  return (text) => text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "it"));
}
