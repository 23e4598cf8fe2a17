import { MqttError } from "./errors.js";
import { acquire } from "./lock.js";
import type { ClientOptions } from "./options.js";
import type { KeeperSink, Outbox } from "./store/outbox.js";

/**
 * Takes the outbox of a client that has a store, with code that only such clients load, and reads what is in it; nothing
 * if the client has to go without. `session` names it, unless the application does. Rejects with `client-id-in-use` when
 * another client has it.
 */
export async function openOutbox(
  { store, whenClientIdInUse }: ClientOptions,
  session: string,
  signal: AbortSignal,
  sink: KeeperSink,
): Promise<Outbox | undefined> {
  const options = typeof store === "object" ? store : {};
  const { name = session, fallback } = options;
  const release = await acquire(`${name} outbox`, { wait: whenClientIdInUse === "wait", signal });
  try {
    const chunk = await import("./store/outbox.js").catch((cause) => {
      const error = new MqttError("store-unavailable", { detail: "its script cannot be loaded", cause });
      if (fallback === "fail") throw error;
      sink.report(error);
    });
    const outbox = await chunk?.openOutbox(name, options, sink);
    if (!outbox) release();
    return outbox && { ...outbox, close: () => outbox.close().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}
