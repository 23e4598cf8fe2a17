// The demo as a visitor sees it: open the page, watch messages come, publish one, see a failure explained.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { By, until } from "selenium-webdriver";
import { startDemo } from "../../www-demo/server/main.mjs";
import { startBrowser } from "../rig/browsers.mjs";
import { freePort, openRig } from "../rig/rig.mjs";
import { lookAfter, startRenewable } from "../rig/survival.mjs";
import { casesIn } from "./support/cases.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const WAIT_MS = 20_000;

/** Set as soon as the page has loaded; WebDriver offers nothing earlier that all engines have. */
const watchProblems = `
  window.problems = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    problems.push("security policy: " + violatedDirective + " " + blockedURI));
  addEventListener("error", ({ message }) => problems.push("error: " + message));
  addEventListener("unhandledrejection", ({ reason }) => problems.push("unhandled rejection: " + reason));
`;

describe(`demo in ${engine}`, () => {
  const rig = openRig();
  let browser;
  let attempt;
  let driver;
  let url;
  const find = (selector) => driver.findElement(By.css(selector));
  const click = async (selector) => driver.executeScript("arguments[0].click()", await find(selector));
  const textOf = (selector) =>
    driver.executeScript("return document.querySelector(arguments[0]).innerText", selector);
  const see = (selector, text) =>
    driver.wait(
      async () => (await textOf(selector)).includes(text),
      WAIT_MS,
      `${selector} never showed "${text}"`,
    );
  const fill = async (selector, text) => {
    const field = await find(selector);
    await field.clear();
    await field.sendKeys(text);
  };

  before(async () => {
    const demo = await startDemo({ argv: ["--port", "0"], log: () => {} });
    await rig.use({ stop: demo.close });
    url = demo.url;
    browser = await rig.use(startRenewable(() => startBrowser(engine)));
    attempt = lookAfter(browser);
  });
  after(rig.stop);

  const prepare = async () => {
    driver = browser.driver;
    await browser.ask(() => driver.get(url));
    await driver.executeScript(watchProblems);
    await see("#state-text", "Connected"); // before that, nothing listens to clicks
  };
  const verify = async () => {
    assert.deepEqual(await driver.executeScript("return problems"), []);
    if (engine !== "chromium") return; // the others do not hand out their console
    const entries = await driver.manage().logs().get("browser");
    const expected = /WebSocket connection to 'wss:\/\/127\.0\.0\.1:\d+\/mqtt' failed/; // a case wants it
    const bad = entries.filter(({ level, message }) => level.name === "SEVERE" && !expected.test(message));
    assert.deepEqual(
      bad.map(({ message }) => message),
      [],
    );
  };
  const it = casesIn(() => ({ attempt, prepare, verify }));

  it("connects by itself and shows the simulated devices", async () => {
    await see("#message-rows", "demo/");
    await driver.wait(until.elementLocated(By.css("#message-rows [role=option]")), WAIT_MS);
  });

  it("publishes from the form and shows the message", async () => {
    await click("nav.tabs [data-tab=publish]");
    await fill("#publish-topic", "demo/from-the-form");
    await fill("#publish-form textarea[name=payload]", "hello from the form");
    await click("#publish-form button[type=submit]");
    await driver.wait(async () => (await textOf("#publish-result")) !== "", WAIT_MS, "no result was shown");
    await click("nav.tabs [data-tab=messages]");
    await fill("#search", "from-the-form");
    await see("#message-rows", "hello from the form");
  });

  it("explains a connection that fails", async () => {
    await click("nav.tabs [data-tab=connect]");
    await click("#disconnect");
    await see("#state-text", "Not connected");
    await fill("#url", `wss://127.0.0.1:${await freePort()}/mqtt`);
    await click("#connect");
    await driver.wait(until.elementLocated(By.css(".error-card")), WAIT_MS);
    const text = await textOf(".error-card");
    assert.match(text, /cannot be reached|refused/);
    assert.match(text, /connect-failed/);
    assert.match(text, /Check host, port/);
  });
});
