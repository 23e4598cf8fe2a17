// Keeps what a run started and stops it again in reverse order.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./exit.mjs";

// From here on the system draws the ports of outgoing connections (Linux; others begin later).
const EPHEMERAL_PORT = 32_768;
const LOWEST_PORT = 15_000;
const given = new Set();

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Opens an empty rig. `use(starting)` awaits something with a `stop()` and keeps it; `stop()` ends everything.
 * An interrupted run leaves through `process.exit`, where every child process and folder is removed too.
 */
export function openRig() {
  const parts = [];
  const interrupted = () => process.exit(130);
  for (const signal of SIGNALS) process.once(signal, interrupted);
  return {
    async use(starting) {
      const part = await starting;
      parts.push(part);
      return part;
    },
    async stop() {
      const failures = [];
      for (const part of parts.splice(0).reverse()) await part.stop().catch((error) => failures.push(error));
      for (const signal of SIGNALS) process.off(signal, interrupted);
      if (failures.length > 0) throw new AggregateError(failures, "parts of the rig did not stop");
    },
  };
}

/** A new empty folder, gone after `stop()` or with the process. */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "wasmqtt-"));
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  const stay = atExit(remove);
  const stop = async () => {
    remove();
    stay();
  };
  return { path, stop };
}

/**
 * A free TCP port for programs that cannot choose one themselves. It is below those that the system gives to outgoing
 * connections, which could take it in the moment until the program listens, and drawn by lot, since other processes of
 * the run draw too. One process gives a port once.
 */
export async function freePort() {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (EPHEMERAL_PORT - LOWEST_PORT));
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer();
    const isFree = await listen(server, port).catch(({ code }) => {
      if (code !== "EADDRINUSE" && code !== "EACCES") throw new Error(`no port to be had: ${code}`);
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Listens on a loopback port, a free one unless it is given, and resolves with it. */
export function listen(server, port = 0) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server.address().port));
  });
}
