import { MqttError } from "../errors.js";
import "./error-codes.js";
import type { Host, Platform } from "./host.js";

// biome-ignore-start lint/suspicious/noExplicitAny: of any of them there may be none, and each has types of its own
declare const wx: any;
declare const my: any;
declare const tt: any;
declare const swan: any;
declare const qq: any;
declare const ks: any;
declare const uni: any;
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** A host object, and whose it is. */
export interface Found {
  readonly host: Host;
  readonly platform: Platform;
}

/**
 * The host objects in scope. QQ and Kuaishou may offer `wx` as well, and frameworks `uni` everywhere, so these come last.
 * Each name stands here literally, because in a mini-program there is no object that has them all.
 */
function known(): readonly (readonly [Platform, unknown])[] {
  return [
    ["my", typeof my === "undefined" ? undefined : my],
    ["tt", typeof tt === "undefined" ? undefined : tt],
    ["swan", typeof swan === "undefined" ? undefined : swan],
    ["qq", typeof qq === "undefined" ? undefined : qq],
    ["ks", typeof ks === "undefined" ? undefined : ks],
    ["wx", typeof wx === "undefined" ? undefined : wx],
    ["uni", typeof uni === "undefined" ? undefined : uni],
  ];
}

/**
 * The host to use: `given`, or the one in scope. `platform` says how it words things; without it, `given` is recognised if
 * it is one of those in scope, and taken for one like WeChat's otherwise. Throws `unknown-host`.
 */
export function findHost(given: unknown, platform?: Platform): Found {
  const inScope = known();
  if (given !== undefined) {
    if (!isHost(given)) throw new MqttError("unknown-host", { detail: "`host` without connectSocket" });
    return { host: given, platform: platform ?? inScope.find(([, host]) => host === given)?.[0] ?? "wx" };
  }
  for (const [name, host] of inScope) {
    if ((platform ?? name) === name && isHost(host)) return { host, platform: name };
  }
  throw new MqttError("unknown-host", { detail: platform ? `no ${platform} in scope` : "none in scope" });
}

function isHost(value: unknown): value is Host {
  return typeof (value as Host | null | undefined)?.connectSocket === "function";
}
