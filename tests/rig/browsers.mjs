// One real browser per engine, driven through WebDriver.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Builder, Capabilities } from "selenium-webdriver";
import { toolsBin } from "../../scripts/lib/paths.mjs";
import { which } from "../../scripts/lib/which.mjs";
import { launch } from "./process.mjs";
import { processesWith } from "./processes.mjs";
import { freePort, temporaryFolder } from "./rig.mjs";
import { within } from "./wait.mjs";

const SCRIPT_MS = 30_000;
const QUIT_MS = 5_000;
const LAST_LINES = 8;

// No background traffic, no sandbox (it cannot start as root), nothing that asks.
export const chromiumArguments = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const engines = {
  chromium: {
    async startDriver({ env }) {
      const driver = await launch(which("chromedriver") ?? "chromedriver", ["--port=0"], {
        env,
        ready: /started successfully on port (\d+)/,
      });
      return { ...driver, port: driver.match[1] };
    },
    capabilities: (folder) => ({
      browserName: "chrome",
      "goog:chromeOptions": {
        binary: which("chromium"),
        args: [...chromiumArguments, `--user-data-dir=${join(folder, "profile")}`],
      },
      "goog:loggingPrefs": { browser: "ALL" },
    }),
  },
  firefox: {
    async startDriver({ folder, env }) {
      const geckodriver = which(join(toolsBin, "geckodriver")) ?? which("geckodriver") ?? "geckodriver";
      const driver = await launch(geckodriver, ["--port", "0", "--profile-root", folder], {
        env,
        ready: /Listening on 127\.0\.0\.1:(\d+)/,
      });
      return { ...driver, port: driver.match[1] };
    },
    capabilities: () => ({
      browserName: "firefox",
      "moz:firefoxOptions": {
        binary: which("firefox-esr"),
        args: ["-headless"],
        // Otherwise Firefox itself waits longer and longer before it dials a host again that hung up.
        prefs: { "network.websocket.delay-failed-reconnects": false },
      },
    }),
  },
  webkit: {
    async startDriver({ env }) {
      // WebKitGTK has no headless mode: it gets a screen of its own.
      const screen = await launch(
        "Xvfb",
        ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        {
          ready: /^(\d+)$/,
        },
      );
      const port = await freePort();
      const driver = await launch(which("WebKitWebDriver") ?? "WebKitWebDriver", [`--port=${port}`], {
        env: { ...env, DISPLAY: `:${screen.match[1]}` },
        ready: port,
      });
      const stop = async () => {
        await driver.stop();
        await screen.stop();
      };
      return { ...driver, port, stop };
    },
    capabilities: () => ({
      browserName: "MiniBrowser",
      "webkitgtk:browserOptions": {
        binary: which("/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"),
        args: ["--automation"],
      },
    }),
  },
};

/** The names that `startBrowser` knows. */
export const engineNames = Object.keys(engines);

/**
 * Starts one browser with an empty profile. Resolves with `{ engine, driver, processes(), evidence(), stop() }`:
 * `driver` is selenium's, `evidence` says in text what is left of the browser and what it printed last.
 */
export async function startBrowser(engine) {
  if (!engines[engine]) throw new Error(`unknown engine "${engine}": use one of ${engineNames.join(", ")}`);
  const folder = temporaryFolder();
  const home = join(folder.path, "home");
  mkdirSync(home);
  const env = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_CACHE_HOME: home,
    XDG_DATA_HOME: home,
  };
  let service;
  let driver;
  const processes = () => processesWith(`HOME=${home}`).filter(({ pid }) => pid !== service?.pid);
  const stop = async () => {
    // A browser that died, or hangs, is killed: it need not be in its driver's group.
    await within(QUIT_MS, driver?.quit(), "no end of the session").catch(() => {});
    await service?.stop();
    for (const { pid } of processes()) kill(pid);
    await folder.stop();
  };
  try {
    service = await engines[engine].startDriver({ folder: folder.path, env });
    const capabilities = { acceptInsecureCerts: true, ...engines[engine].capabilities(folder.path) };
    driver = await new Builder()
      .usingServer(`http://127.0.0.1:${service.port}`)
      .withCapabilities(new Capabilities(capabilities))
      .build();
    await driver.manage().setTimeouts({ script: SCRIPT_MS, pageLoad: SCRIPT_MS });
  } catch (error) {
    await stop();
    throw new Error(`${engine} cannot be driven: ${error.message}`, { cause: error });
  }
  const evidence = () => {
    const ended = service.ended();
    const left = processes().map(({ pid, name }) => `${name} ${pid}`);
    const lines = service.output().split("\n").slice(-LAST_LINES);
    return [
      `its driver ${ended ? `ended with ${ended}` : "runs"}; of the browser are left: ${left.join(", ") || "none"}`,
      ...lines.map((line) => `    ${line}`),
    ].join("\n");
  };
  return { engine, driver, processes, evidence, stop };
}

function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
