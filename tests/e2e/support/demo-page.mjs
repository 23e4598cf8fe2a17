// The demo's page in one browser, its broker behind a door that can be closed, and what a visitor does there.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { By, Key, until } from "selenium-webdriver";
import { startDemo } from "../../../www-demo/server/main.mjs";
import { startBrowser } from "../../rig/browsers.mjs";
import { startMosquitto } from "../../rig/mosquitto.mjs";
import { freePort, listen, openRig } from "../../rig/rig.mjs";
import { lookAfter, startRenewable } from "../../rig/survival.mjs";

const WAIT_MS = 20_000;

/** Set as soon as the page has loaded; WebDriver offers nothing earlier that all engines have. */
const watchProblems = `
  window.problems = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    problems.push("security policy: " + violatedDirective + " " + blockedURI));
  addEventListener("error", ({ message }) => problems.push("error: " + message));
  addEventListener("unhandledrejection", ({ reason }) => problems.push("unhandled rejection: " + reason));
`;

/** What Chromium prints of connections that cases have fail. */
const WANTED =
  /WebSocket connection to 'wss:\/\/(127\.0\.0\.1:\d+|localhost:\d+|broker\.invalid)\/\S*' failed|Failed to load resource: (net::ERR_|the server responded with a status of (404|426|502))/;

/** Starts demo, broker and browser. `stop()` ends them. */
export async function openDemo(engine) {
  const rig = openRig();
  try {
    const broker = await rig.use(startMosquitto());
    const door = await rig.use(openDoor(broker.tcpPort));
    const argv = ["--port", "0", "--broker", `mqtt://127.0.0.1:${door.port}`, "--devices"];
    const demo = await startDemo({ argv, log: () => {} });
    await rig.use({ stop: demo.close });
    const browser = await rig.use(startRenewable(() => startBrowser(engine)));
    const visitor = tools(browser);
    return {
      ...visitor,
      url: demo.url,
      mqttUrl: `${demo.url.replace("https:", "wss:")}mqtt`,
      broker,
      attempt: lookAfter(browser),
      /** The broker is gone for whoever dials it, and for who is connected. */
      cutOff: door.close,
      restore: door.open,
      async prepare() {
        await door.open();
        await browser.ask(() => browser.driver.get(demo.url));
        // Nothing of the case before: neither its settings nor what it kept.
        await browser.driver.executeScript("localStorage.clear(); history.replaceState(null, '', '/')");
        await visitor.load(() => browser.driver.navigate().refresh());
        await visitor.see("#state-text", "Connected"); // before that, nothing listens to clicks
      },
      async verify() {
        const problems = await browser.driver.executeScript("return problems");
        if (engine !== "chromium") return problems; // the others do not hand out their console
        const entries = await browser.driver.manage().logs().get("browser");
        const bad = entries.filter(({ level, message }) => level.name === "SEVERE" && !WANTED.test(message));
        return [...problems, ...bad.map(({ message }) => message)];
      },
      stop: rig.stop,
    };
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

/** A way to a port of this machine. While it is closed nobody listens, so that who dials learns it at once and for sure. */
async function openDoor(target) {
  const sockets = new Set();
  const server = createServer((client) => {
    const upstream = connect({ port: target, host: "127.0.0.1" });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(from);
      from.on("error", () => {}).on("close", () => sockets.delete(from) && to.destroy());
      from.pipe(to);
    }
  });
  const port = await listen(server, await freePort()); // nobody else takes it while it is closed
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const open = async () => {
    if (!server.listening) await once(server.listen(port, "127.0.0.1"), "listening");
  };
  return { port, open, close, stop: close };
}

/** What a visitor does and sees; the driver may be replaced between cases. */
function tools(browser) {
  const run = (script, ...args) => browser.driver.executeScript(script, ...args);
  const find = (selector) => browser.driver.findElement(By.css(selector));
  const textOf = (selector) => run("return document.querySelector(arguments[0])?.innerText ?? ''", selector);
  const click = async (selector) => run("arguments[0].click()", await find(selector));
  const see = async (selector, wanted) => {
    let text;
    await browser.driver.wait(
      async () => {
        text = await textOf(selector);
        return wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted);
      },
      WAIT_MS,
      () => `${selector} never showed ${wanted}, but at last: ${text}`,
    );
  };
  const fill = async (selector, text) => {
    const field = await find(selector);
    await field.clear();
    await field.sendKeys(text);
  };
  return {
    run,
    find,
    textOf,
    click,
    see,
    fill,
    /** Loads the page by `how` and watches it from then on. */
    async load(how) {
      await browser.ask(how);
      await run(watchProblems);
    },
    reload: () => browser.driver.navigate().refresh(),
    appears: (selector) => browser.driver.wait(until.elementLocated(By.css(selector)), WAIT_MS),
    waitFor: (test, what) => browser.driver.wait(test, WAIT_MS, what),
    tab: (name) => click(`nav.tabs [data-tab=${name}]`),
    press: (key) =>
      browser.driver
        .actions()
        .sendKeys(Key[key] ?? key)
        .perform(),
    /** Clicks the button with this text. */
    clickText: (place, text) =>
      run(
        "[...document.querySelectorAll(arguments[0] + ' button')].find((b) => b.innerText === arguments[1]).click()",
        place,
        text,
      ),
    async publish(topic, payload, qos) {
      await fill("#publish-topic", topic);
      await fill("#publish-form textarea[name=payload]", payload);
      await run("document.querySelector('#publish-form [name=qos]').value = arguments[0]", qos);
      await click("#publish-form button[type=submit]");
    },
    /** Connects with another setting or two: names of fields and what they shall be. */
    async connect(settings) {
      if ((await textOf("#state-text")) === "Connected") await click("#disconnect");
      await see("#state-text", "Not connected");
      await run(
        `const fields = document.querySelector("#connect-form").elements;
        for (const [name, value] of Object.entries(arguments[0])) {
          if (typeof value === "string") fields[name].value = value;
          else if (fields[name].checked !== value) fields[name].click();
        }`,
        settings,
      );
      await click("#connect");
    },
    window: () => browser.driver.manage().window(),
    windows: () => browser.driver.getAllWindowHandles(),
    newWindow: () => browser.driver.switchTo().newWindow("tab"),
    toWindow: (handle) => browser.driver.switchTo().window(handle),
    closeWindow: () => browser.driver.close(),
    goTo: (url) => browser.driver.get(url),
  };
}
