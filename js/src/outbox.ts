import { MqttError } from "./errors.js";
import type { ClientOptions } from "./options.js";
import type { KeeperSink, Outbox } from "./store/outbox.js";

/**
 * Opens the outbox of a client that has a store, with code that only such clients load; nothing if it has to go without.
 * `name` is that of the session. Rejects with `client-id-in-use` when another client has it.
 */
export async function openOutbox(
  { store, whenClientIdInUse }: ClientOptions,
  name: string,
  signal: AbortSignal,
  sink: KeeperSink,
): Promise<Outbox | undefined> {
  if (!store || store === "memory") return undefined;
  const options = store === "indexeddb" ? {} : store;
  const loading = import("./store/outbox.js").catch((cause) => {
    const error = new MqttError("store-unavailable", { detail: "its script cannot be loaded", cause });
    if (options.fallback === "fail") throw error;
    sink.report(error);
  });
  const wait = whenClientIdInUse === "wait";
  return (await loading)?.openOutbox({ name, ...options, wait, signal }, sink);
}
