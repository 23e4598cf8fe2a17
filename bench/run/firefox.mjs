// Firefox through WebDriver: it has no accounting of the main thread's time and of the heap, so those figures stay out.
import { startBrowser } from "../../tests/rig/browsers.mjs";
import { within } from "../../tests/rig/wait.mjs";

const ANSWER_MS = 5000;

/** Resolves with `{ version, newTab(origin), isAlive(), stop() }`, as `startChromium` does. */
export async function startFirefox() {
  const { driver, stop } = await startBrowser("firefox");
  const version = (await driver.getCapabilities()).getBrowserVersion();
  const isAlive = () =>
    within(ANSWER_MS, driver.getTitle(), "no answer").then(
      () => true,
      () => false,
    );
  return { version: `Firefox ${version}`, newTab: (origin) => newTab(driver, origin), isAlive, stop };
}

async function newTab(driver, origin) {
  const home = await driver.getWindowHandle();
  await driver.switchTo().newWindow("tab");
  return {
    load: () => driver.get(`${origin}/`),
    call: (name, ...args) => driver.executeScript(`return bench.${name}(...arguments)`, ...args),
    async collectGarbage() {},
    async heap() {},
    cpu: async (action) => ({ result: await action() }),
    clearStorage: () => driver.executeScript("localStorage.clear()"),
    async close() {
      await driver.close();
      await driver.switchTo().window(home);
    },
  };
}
