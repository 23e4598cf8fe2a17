// Chromium without a driver in between, so that nothing but the page and its accounting is measured.
import { which } from "../../scripts/lib/which.mjs";
import { chromiumArguments } from "../../tests/rig/browsers.mjs";
import { launch } from "../../tests/rig/process.mjs";
import { temporaryFolder } from "../../tests/rig/rig.mjs";
import { openTab } from "../../tests/rig/tab.mjs";
import { within } from "../../tests/rig/wait.mjs";
import { openAccounts } from "./accounts.mjs";

const ANSWER_MS = 5000;
const SCRIPT_MS = 60_000; // longer than any client needs for one step
const AWAKE = [
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
];

/** Resolves with `{ version, newTab(origin), isAlive(), stop() }`. */
export async function startChromium() {
  const folder = temporaryFolder();
  const args = [
    ...chromiumArguments,
    ...AWAKE,
    `--user-data-dir=${folder.path}`,
    "--remote-debugging-port=0",
    "about:blank",
  ];
  const chromium = await launch(which("chromium") ?? "chromium", args, {
    ready: /DevTools listening on ws:\/\/(127\.0\.0\.1:\d+)\//,
    env: { ...process.env, HOME: folder.path },
  });
  const address = chromium.match[1];
  const { Browser, webSocketDebuggerUrl } = await (await fetch(`http://${address}/json/version`)).json();
  const accounts = await openAccounts(webSocketDebuggerUrl);
  const stop = async () => {
    accounts.close();
    await chromium.stop();
    await folder.stop();
  };
  return {
    version: Browser.replace(/^.*\//, "Chromium "),
    newTab: (origin) => newTab(address, origin, accounts),
    isAlive: () =>
      within(ANSWER_MS, fetch(`http://${address}/json/version`), "no answer").then(
        ({ ok }) => ok,
        () => false,
      ),
    stop,
  };
}

async function newTab(address, origin, accounts) {
  const tab = await openTab(address, SCRIPT_MS);
  await Promise.all(["Performance.enable", "HeapProfiler.enable"].map((method) => tab.send(method)));
  const metric = async (name) => {
    const { metrics } = await tab.send("Performance.getMetrics");
    return metrics.find((one) => one.name === name).value;
  };
  return {
    /** A page without a past. */
    load: () => tab.get(`${origin}/`),
    /** Calls a function of the page's `bench`. */
    call: (name, ...args) => tab.executeScript(`return bench.${name}(...arguments)`, ...args),
    async collectGarbage() {
      await tab.send("HeapProfiler.collectGarbage");
    },
    /** Bytes of JavaScript that is still reachable. */
    async heap() {
      await tab.send("HeapProfiler.collectGarbage");
      return (await tab.send("Runtime.getHeapUsage")).usedSize;
    },
    /** What `action` resolves with, the `seconds` of CPU time that the page's main thread had meanwhile, and those of others (accounts.mjs). */
    async cpu(action) {
      const close = await accounts.open();
      const before = await metric("ThreadTime");
      const result = await action();
      const seconds = (await metric("ThreadTime")) - before;
      return { result, seconds, ...(await close()) };
    },
    clearStorage: () => tab.executeScript("localStorage.clear()"),
    close: () => tab.close(),
  };
}
