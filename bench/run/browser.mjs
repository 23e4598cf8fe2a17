// Chromium without a driver in between, so that nothing but the page and its accounting is measured.
import WebSocket from "ws";
import { which } from "../../scripts/lib/which.mjs";
import { chromiumArguments } from "../../tests/rig/browsers.mjs";
import { launch } from "../../tests/rig/process.mjs";
import { temporaryFolder } from "../../tests/rig/rig.mjs";
import { openTab } from "../../tests/rig/tab.mjs";
import { within } from "../../tests/rig/wait.mjs";

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

/** What the browser tells of its processes: `pages()` resolves with the CPU seconds of each that shows pages, by its number. */
async function openAccounts(address) {
  const socket = new WebSocket(address);
  const waiting = new Map();
  let calls = 0;
  socket.on("message", (data) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  const ask = () =>
    new Promise((resolve) => {
      waiting.set(++calls, resolve);
      socket.send(JSON.stringify({ id: calls, method: "SystemInfo.getProcessInfo" }));
    });
  return {
    async pages() {
      const { processInfo } = await within(ANSWER_MS, ask(), "no account of processes");
      return new Map(
        processInfo.filter(({ type }) => type === "renderer").map(({ id, cpuTime }) => [id, cpuTime]),
      );
    },
    close: () => socket.terminate(),
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
    /**
     * What `action` resolves with, the seconds of CPU time that the page's main thread had meanwhile, and those that all
     * threads of pages had: workers, garbage collection, compilers.
     */
    async cpu(action) {
      const first = await accounts.pages();
      const before = await metric("ThreadTime");
      const result = await action();
      const seconds = (await metric("ThreadTime")) - before;
      const last = await accounts.pages();
      const spent = [...last].map(([id, time]) => (first.has(id) ? time - first.get(id) : 0));
      return { result, seconds, all: spent.reduce((sum, one) => sum + one, 0) };
    },
    clearStorage: () => tab.executeScript("localStorage.clear()"),
    close: () => tab.close(),
  };
}
