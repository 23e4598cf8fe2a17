// Keeps what a run started and stops it again in reverse order.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./exit.mjs";

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

/** A TCP port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort() {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Listens on a free loopback port and resolves with it. */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
