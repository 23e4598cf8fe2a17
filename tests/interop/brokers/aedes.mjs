// Aedes in this process, behind the package ws. 3.1.1 only.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Aedes } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";
import { at } from "../../../scripts/lib/paths.mjs";
import { listen } from "../../rig/rig.mjs";
import { account, denied, readonly } from "./account.mjs";

const below = (topic, ...roots) => roots.some((root) => topic === root || topic.startsWith(`${root}/`));
const wrong = (text, returnCode) => Object.assign(new Error(text), { returnCode });

const guards = {
  authenticate: (_client, username, password, done) =>
    username === account.username && `${password}` === account.password
      ? done(null, true)
      : done(wrong("no such account", 4), false),
  authorizePublish: (_client, { topic }, done) =>
    done(below(topic, denied, readonly) ? new Error("not allowed") : null),
  // A null subscription is refused with 0x80.
  authorizeSubscribe: (_client, subscription, done) =>
    done(null, below(subscription.topic, denied) ? null : subscription),
};

export const aedes = {
  id: "aedes",
  name: "Aedes",
  source: "npm",
  versions: [4],
  install: async () => ({}),
  async start(rig) {
    const [open, guarded] = [await rig.use(endpoint({})), await rig.use(endpoint(guards))];
    return {
      version: JSON.parse(readFileSync(at("node_modules/aedes/package.json"), "utf8")).version,
      endpoints: { open: { port: open.port }, guarded: { port: guarded.port } },
    };
  },
};

async function endpoint(options) {
  const broker = await Aedes.createBroker(options);
  const server = createServer((_request, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({ server, handleProtocols: (names) => names.has("mqtt") && "mqtt" });
  sockets.on("connection", (socket, request) => {
    const stream = createWebSocketStream(socket);
    stream.on("error", () => {}); // a client that vanished; Aedes hears of the end by itself
    broker.handle(stream, request);
  });
  const port = await listen(server);
  const stop = async () => {
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => broker.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, stop };
}
