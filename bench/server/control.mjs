// The benchmark's end of the load server.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Starts the server. Resolves with `{ port, url, ask(action, options), isAlive(), stop() }`; the actions are those of main.mjs, for the
 * client that connected last.
 */
export async function startLoadServer() {
  const child = fork(fileURLToPath(new URL("main.mjs", import.meta.url)));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const answers = new Map();
  let calls = 0;
  const port = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      const ended = new Error(`the load server ended with ${code}`);
      reject(ended);
      for (const answer of answers.values()) answer.reject(ended);
    });
    child.on("message", ({ port, id, value, error }) => {
      if (port) resolve(port);
      else if (error) answers.get(id).reject(new Error(`load server: ${error}`));
      else answers.get(id).resolve(value);
      answers.delete(id);
    });
  });
  return {
    port,
    url: `ws://127.0.0.1:${port}/mqtt`,
    ask: (action, options = {}) =>
      new Promise((resolve, reject) => {
        const id = ++calls;
        answers.set(id, { resolve, reject });
        child.send({ id, action, options });
      }),
    isAlive: () => child.connected,
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
