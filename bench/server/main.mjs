// The load server, a process of its own: started by `startLoadServer` and told what to do through its IPC channel.
import { createServer } from "node:http";
import { Connection } from "./connection.mjs";
import { accept } from "./websocket.mjs";

let current; // the client that connected last; the benchmark has one at a time

/** What can be asked for; each answers something that fits into a message. */
const ACTIONS = {
  prepare: (options) => current.prepare(options),
  planned: ({ messages }) => current.planned(messages),
  flood: ({ messages }) => current.flood(messages),
  quiet: () => current.quiet(),
  count: (options) => current.count(options),
  counted: ({ total }) => current.counted(total),
  cpu: () => Object.values(process.cpuUsage()).reduce((sum, time) => sum + time, 0) / 1e6, // seconds
};

const server = createServer((_, response) => response.writeHead(426).end());
server.on("upgrade", (request, socket) => {
  accept(request, socket);
  current = new Connection(socket);
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));

process.on("message", async ({ id, action, options }) => {
  try {
    process.send({ id, value: await ACTIONS[action](options) });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
process.on("disconnect", () => process.exit());
