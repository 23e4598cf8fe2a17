// A tab of Chromium without WebDriver: one that may crash, and of which more can be told.
import WebSocket from "ws";
import { waiters, within } from "./wait.mjs";

const ANSWER_MS = 30_000;

/** Where the DevTools protocol of WebDriver's Chromium is spoken. */
export async function debuggerOf(driver) {
  return (await driver.getCapabilities()).get("goog:chromeOptions").debuggerAddress;
}

/**
 * Opens one through the DevTools protocol, spoken at `address`; every answer has `answerMs`. Resolves with what `openPage` takes for a driver, and
 * `{ send(method, params), crash(), close() }`.
 */
export async function openTab(address, answerMs = ANSWER_MS) {
  const { webSocketDebuggerUrl } = await (await fetch(`http://${address}/json/version`)).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  const answers = new Map();
  const events = [];
  const arrivals = waiters();
  socket.on("message", (data) => {
    const { id, method, result, error } = JSON.parse(data);
    if (method) events.push(method);
    else if (error) answers.get(id)?.reject(new Error(error.message));
    else answers.get(id)?.resolve(result);
    answers.delete(id);
    arrivals.wake();
  });
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));

  let calls = 0;
  const call = (method, params, sessionId) => {
    const id = ++calls;
    const answer = new Promise((resolve, reject) => answers.set(id, { resolve, reject }));
    socket.send(JSON.stringify({ id, method, params, sessionId }));
    return within(answerMs, answer, `no answer to ${method}`);
  };
  const { targetId } = await call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  const send = (method, params = {}) => call(method, params, sessionId);
  await Promise.all([send("Page.enable"), send("Inspector.enable")]);
  await send("Security.setIgnoreCertificateErrors", { ignore: true });

  const evaluate = async (expression) => {
    const how = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await send("Runtime.evaluate", how);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const listed = (args) => args.map((arg) => JSON.stringify(arg)).join(", ");
  return {
    send,
    async get(url) {
      events.length = 0;
      await send("Page.navigate", { url });
      await arrivals.until(() => events.includes("Page.loadEventFired"), `the load of ${url}`);
    },
    executeScript: (script, ...args) => evaluate(`(function () { ${script} })(${listed(args)})`),
    executeAsyncScript: (script, ...args) =>
      evaluate(`new Promise((done) => (function () { ${script} })(...[${listed(args)}], done))`),
    /** Ends the process of the page as a fault would. */
    async crash() {
      send("Page.crash").catch(() => {}); // nobody is left to answer
      await arrivals.until(() => events.includes("Inspector.targetCrashed"), "the crash of the tab");
    },
    async close() {
      await call("Target.closeTarget", { targetId });
      socket.close();
    },
  };
}
