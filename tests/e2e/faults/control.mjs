// The wire between the test and the page, past all faults. The next page dials it again.
import { WebSocketServer } from "ws";
import { waiters } from "../../rig/wait.mjs";

/**
 * Starts it. `heard(word, ...rest)` gets all that a page tells. Resolves with `{ port, send(command, argument),
 * opened(), next(), stop() }`: `opened` waits for a page, `next` for the one after it and for all words of this one.
 */
export async function startControl({ heard }) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const changes = waiters();
  let page;
  server.on("connection", (socket) => {
    page = socket;
    changes.wake();
    socket.on("message", (text) => heard(...JSON.parse(text)));
    socket.on("error", () => {}); // a page that crashes leaves it like that
    socket.on("close", changes.wake);
  });
  return {
    port: server.address().port,
    send: (command, argument) => page.send(JSON.stringify([command, argument])),
    opened: () => changes.until(() => page, "the page"),
    next() {
      const before = page;
      const isOver = () => page !== before && before.readyState === before.CLOSED;
      return changes.until(isOver, "the page after this one");
    },
    async stop() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
