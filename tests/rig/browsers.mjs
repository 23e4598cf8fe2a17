// One real browser per engine, driven through WebDriver.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Builder, Capabilities } from "selenium-webdriver";
import { toolsBin } from "../../scripts/lib/paths.mjs";
import { which } from "../../scripts/lib/which.mjs";
import { launch } from "./process.mjs";
import { freePort, temporaryFolder } from "./rig.mjs";

const SCRIPT_MS = 30_000;

// No background traffic, no sandbox (it cannot start as root), nothing that asks.
const chromiumArguments = [
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

/** Starts one browser with an empty profile. Resolves with `{ engine, driver, stop() }`; `driver` is selenium's. */
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
  const stop = async () => {
    await driver?.quit().catch(() => {}); // a browser that died is killed with its driver's group
    await service?.stop();
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
  return { engine, driver, stop };
}
