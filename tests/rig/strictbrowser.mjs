// Browsers that check certificates, as those of users do, and know names below .test. WebKitGTK can do neither.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Builder, Capabilities } from "selenium-webdriver";
import { toolsBin } from "../../scripts/lib/paths.mjs";
import { which } from "../../scripts/lib/which.mjs";
import { chromiumArguments } from "./browsers.mjs";
import { launch } from "./process.mjs";
import { temporaryFolder } from "./rig.mjs";

const SCRIPT_MS = 60_000;

const engines = {
  chromium: {
    driver: () => [
      which("chromedriver") ?? "chromedriver",
      ["--port=0"],
      /started successfully on port (\d+)/,
    ],
    trustStore: (folder) => join(folder, "home", ".pki", "nssdb"),
    capabilities: (folder, rules = "", flags = []) => ({
      browserName: "chrome",
      "goog:chromeOptions": {
        binary: which("chromium"),
        args: [
          ...chromiumArguments,
          `--host-resolver-rules=${rules}MAP *.test 127.0.0.1`,
          `--user-data-dir=${join(folder, "chromium")}`,
          ...flags,
        ],
      },
    }),
  },
  firefox: {
    driver: (folder) => [
      which(join(toolsBin, "geckodriver")) ?? which("geckodriver") ?? "geckodriver",
      ["--port", "0", "--profile-root", folder],
      /Listening on 127\.0\.0\.1:(\d+)/,
    ],
    trustStore: (folder) => join(folder, "profile"),
    capabilities: (folder) => ({
      browserName: "firefox",
      "moz:firefoxOptions": {
        binary: which("firefox-esr"),
        args: ["-headless", "-profile", join(folder, "profile")],
        prefs: {
          "network.dns.localDomains": "mqtt.test",
          "network.websocket.delay-failed-reconnects": false,
        },
      },
    }),
  },
};

/** The names that `startStrictBrowser` knows. */
export const strictEngines = Object.keys(engines);

/**
 * Starts a browser that trusts the authority in the PEM file `ca`, and whoever it trusts anyway. For Chromium, `rules` say
 * where names are, before all below .test lead here, and `flags` are more of its arguments. Resolves with `{ driver, stop() }`.
 */
export async function startStrictBrowser(engine, { ca, rules, flags }) {
  const { driver: command, trustStore, capabilities } = engines[engine];
  const folder = temporaryFolder();
  const home = join(folder.path, "home");
  const store = trustStore(folder.path);
  for (const path of [home, store]) mkdirSync(path, { recursive: true });
  const certutil = (...args) => execFileSync("certutil", ["-d", `sql:${store}`, ...args]);
  certutil("-N", "--empty-password");
  certutil("-A", "-n", "wasmqtt test CA", "-t", "C,,", "-i", ca);

  const env = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_CACHE_HOME: home,
    XDG_DATA_HOME: home,
  };
  const [program, args, ready] = command(folder.path);
  const service = await launch(program, args, { env, ready });
  let driver;
  const stop = async () => {
    await driver?.quit().catch(() => {}); // a browser that died is killed with its driver's group
    await service.stop();
    await folder.stop();
  };
  try {
    driver = await new Builder()
      .usingServer(`http://127.0.0.1:${service.match[1]}`)
      .withCapabilities(
        new Capabilities({ acceptInsecureCerts: false, ...capabilities(folder.path, rules, flags) }),
      )
      .build();
    await driver.manage().setTimeouts({ script: SCRIPT_MS, pageLoad: SCRIPT_MS });
  } catch (error) {
    await stop();
    throw new Error(`${engine} cannot be driven: ${error.message}`, { cause: error });
  }
  return { driver, stop };
}
