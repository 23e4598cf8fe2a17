import type { Host, NetworkStatus } from "./host.js";
import { page, tellPage } from "./page-events.js";

/**
 * Milliseconds in the background after which a mini-program counts as standing still. WeChat stops it, and ends its sockets,
 * after five seconds; so nothing is dialled from here on until it is seen again, and the connection is suspect then.
 */
const STILL = 4000;

const watched = new WeakSet<Host>();
let hiddenSince: number | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let network: string | undefined;

/**
 * Follows what this host tells of background and network, from now on; once for each host, since not all of them forget
 * listeners. The same news twice, or half of them, do no harm.
 */
export function followLife(host: Host): void {
  if (watched.has(host)) return;
  watched.add(host);
  // What a host offers and refuses, as to a plugin, is as good as absent.
  for (const listen of [
    () => host.onAppHide?.(hide),
    () => host.onAppShow?.(show),
    () => host.onNetworkStatusChange?.(changeNetwork),
    () => host.getNetworkType?.({ success: startNetwork, fail() {} }),
  ]) {
    try {
      listen();
    } catch {}
  }
}

/** How hosts call it when there is none. */
const NO_NETWORK = /^(none|notreachable)$/i;

/** What it is when the client begins, unless it changed meanwhile, which is newer. */
function startNetwork({ networkType }: { networkType?: string }): void {
  if (network !== undefined || !networkType) return;
  network = networkType;
  if (NO_NETWORK.test(networkType)) setOnline(false);
}

function hide(): void {
  if (hiddenSince !== undefined) return;
  hiddenSince = Date.now();
  page.document.visibilityState = "hidden";
  timer = setTimeout(() => tellPage("freeze"), STILL);
  tellPage("visibilitychange");
}

function show(): void {
  if (hiddenSince === undefined) return;
  clearTimeout(timer);
  if (Date.now() - hiddenSince >= STILL) tellPage("freeze"); // the timer stood still as well
  hiddenSince = undefined;
  page.document.visibilityState = "visible";
  tellPage("resume");
}

function changeNetwork({ isConnected, networkType = "unknown" }: NetworkStatus): void {
  const isOther = network !== networkType;
  network = networkType;
  // Sockets may stay open in name only when the network is another one: clients ask theirs when it was away.
  if (!isConnected || isOther) setOnline(false);
  if (isConnected) setOnline(true);
}

function setOnline(online: boolean): void {
  if (page.navigator.onLine === online) return;
  page.navigator.onLine = online;
  tellPage(online ? "online" : "offline");
}
