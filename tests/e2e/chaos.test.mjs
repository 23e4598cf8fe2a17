// The fault proxy itself, where it once kept the whole run from ending.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";

const script = `
  import { once } from "node:events";
  import { connect, createServer } from "node:net";
  import { startChaos } from ${JSON.stringify(new URL("../rig/chaos.mjs", import.meta.url).href)};
  const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(server, "listening");
  const chaos = await startChaos({ target: server.address().port });
  const client = connect(chaos.port, "127.0.0.1").on("error", () => {});
  await once(server, "connection");
  chaos.kill("fin");
  chaos.kill("rst");
  await chaos.quiet();
  await chaos.stop();
  client.destroy();
  server.close();
`;

it("a process that cut its links in two ways at once ends by itself", () => {
  const args = ["--input-type=module", "--eval", script];
  const { status, signal, stderr } = spawnSync(process.execPath, args, { timeout: 60_000, encoding: "utf8" });
  assert.deepEqual([status, signal], [0, null], stderr);
});
