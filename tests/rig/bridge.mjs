// A WebSocket endpoint for a TCP broker: the demo's bridge on a port of its own.
import { createServer } from "node:http";
import { createBridge } from "../../www-demo/server/bridge.mjs";
import { listen } from "./rig.mjs";

/** Starts a bridge to a broker on loopback. `allowOrigin`: as the bridge has it. Resolves with `{ port, stop() }`. */
export async function startBridge({ brokerPort, allowOrigin }) {
  const bridge = createBridge({ target: new URL(`mqtt://127.0.0.1:${brokerPort}`), allowOrigin });
  const server = createServer((_request, response) => response.writeHead(426).end("WebSocket only"));
  server.on("upgrade", (request, socket, head) => bridge.upgrade(request, socket, head));
  const port = await listen(server);
  const stop = async () => {
    bridge.close();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, stop };
}
