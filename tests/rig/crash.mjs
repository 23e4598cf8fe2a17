// Ends the process of a Chromium tab, as a bug or a lack of memory does: nothing in the page runs any more.
import { WebSocket } from "ws";

/**
 * Crashes the current tab of selenium's `driver` and goes on in a new one, which is empty: the driver of a tab that has
 * crashed takes no commands, so the new one comes first.
 */
export async function crashTab(driver) {
  const url = await driver.getCurrentUrl();
  await driver.switchTo().newWindow("tab");
  const { debuggerAddress } = (await driver.getCapabilities()).get("goog:chromeOptions");
  const targets = await (await fetch(`http://${debuggerAddress}/json/list`)).json();
  const target = targets.find((one) => one.type === "page" && one.url === url);
  if (!target) throw new Error(`no tab shows ${url}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => socket.send(JSON.stringify({ id: 1, method: "Inspector.enable" })));
    socket.on("message", (text) => {
      const { id, method } = JSON.parse(text);
      if (id === 1) socket.send(JSON.stringify({ id: 2, method: "Page.crash" }));
      if (method === "Inspector.targetCrashed") resolve();
    });
    socket.on("close", resolve);
  });
  socket.terminate();
}
