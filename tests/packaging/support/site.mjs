// A built page in a real browser, behind the gateway with TLS and the strict CSP.
import { logging } from "selenium-webdriver";
import { startBridge } from "../../rig/bridge.mjs";
import { startBrowser } from "../../rig/browsers.mjs";
import { startMosquitto } from "../../rig/mosquitto.mjs";
import { startNginx } from "../../rig/nginx.mjs";
import { openRig } from "../../rig/rig.mjs";

/** Starts broker, bridge and browser once. Resolves with `{ brokerUrl, bridgePort, visit, serve, stop }`. */
export async function openSite() {
  const rig = openRig();
  try {
    const broker = await rig.use(startMosquitto());
    const bridge = await rig.use(startBridge({ brokerPort: broker.tcpPort }));
    const { driver } = await rig.use(startBrowser("chromium"));
    return {
      bridgePort: bridge.port,
      /** Serves a folder as the root of an HTTPS site; resolves with `{ origin, stop() }`. */
      serve: (folder) =>
        startNginx({
          folders: { "/": folder },
          bridge: bridge.port,
          protectedBridge: bridge.port,
          native: broker.nativePort,
        }),
      visit: (url) => visit(driver, url),
      stop: rig.stop,
    };
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

/** Loads a page that runs app.js and resolves with `{ outcome, complaints }`: what it reports, what the console says. */
async function visit(driver, url) {
  await driver.get(url);
  const outcome = await driver.executeAsyncScript(`
    const done = arguments[0];
    Promise.resolve(window.outcome ?? { error: "main.js did not run" }).then(done, (error) => done({ error: String(error) }));
  `);
  const entries = await driver.manage().logs().get(logging.Type.BROWSER);
  const severe = entries.filter(({ level }) => level.value >= logging.Level.WARNING.value);
  return { outcome, complaints: severe.map(({ message }) => message) };
}
