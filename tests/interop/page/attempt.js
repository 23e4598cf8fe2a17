// Tries one capability in the page, with the package as it is published, and says what was seen.
import { capabilities } from "./capabilities.js";

/** What a broker does instead of what was hoped for. Its message is the evidence, worded the same in every run. */
class Limit extends Error {}

/**
 * Runs a capability against `target`, which run.mjs describes.
 * Resolves with `{ kind, seen }`: "works"; "limit" with what the broker did instead; "fail" with what went wrong here.
 */
export async function attempt(context, id, target) {
  const { run } = capabilities.find((capability) => capability.id === id);
  const clients = [];
  try {
    await run(tools(context, target, clients));
    return { kind: "works", seen: "" };
  } catch (error) {
    if (error instanceof Limit) return { kind: "limit", seen: error.message };
    if (error instanceof context.mqtt.MqttError) return { kind: "limit", seen: say(error) };
    return { kind: "fail", seen: `${error?.message ?? error}` };
  } finally {
    await Promise.all(clients.map((client) => client.close({ timeout: 1000 })));
  }
}

function tools({ mqtt, inbox, bounded, pattern }, target, clients) {
  const { version, url, fragileUrl, cutUrl, account } = target;
  const run = Math.random().toString(36).slice(2, 8);
  let names = 0;

  const client = (options = {}, to = url) => {
    const made = mqtt.createClient(to, {
      protocolVersion: version,
      clientId: name("client"),
      whenClientIdInUse: "ignore", // what the broker does about it is the question
      reconnect: false,
      connectTimeout: 8000,
      ...account,
      ...options,
    });
    clients.push(made);
    return made;
  };
  const connect = async (options, to) => {
    const made = client(options, to);
    await made.start();
    return made;
  };
  const fragile = (options) => connect(options, fragileUrl);
  const cut = () => fetch(cutUrl);
  /** A name that nothing else uses: topic or client identifier. */
  const name = (what) => `${what}${run}${++names}`;

  return {
    ...target,
    mqtt,
    bounded,
    inbox,
    pattern,
    say,
    name,
    client,
    connect,
    /** Ends the capability with what the broker does instead, unless `condition` holds. */
    hope(condition, instead) {
      if (!condition) throw new Limit(instead);
    },
    /** Two connected clients: one to publish, one to subscribe. */
    pair: async (options) => [await connect(), await connect(options)],
    /** Subscribes and resolves with the inbox; its messages are `Message`s. */
    async subscribe(client, filter, options) {
      const box = inbox((message) => message);
      box.subscription = await client.subscribe(filter, options, box.handler);
      return box;
    },
    /** Options under which the broker keeps the session of this client. */
    kept: (clientId, seconds = 300) => ({
      clientId,
      cleanStart: false,
      ...(version === 5 ? { sessionExpiryInterval: seconds } : {}),
    }),
    /** Starts a client whose messages, also those that come before any call, go to the inbox. */
    async resume(options) {
      const made = client(options);
      const box = inbox((message) => message);
      made.on("message", box.handler);
      await made.start();
      return { client: made, box };
    },
    /** A client whose connection `cut` can break. */
    fragile,
    /** Breaks the connections of all fragile clients, as a failing network does. */
    cut,
    /** Connects a client and breaks its connection. */
    async lose(options) {
      const lost = await fragile(options);
      await cut();
      await bounded(lost.closed, "the end of a lost client");
    },
    /** Resolves with the error that `promise` ends with, or `undefined`. */
    error: (promise) =>
      bounded(promise, "an end").then(
        () => undefined,
        (error) => {
          if (error instanceof mqtt.MqttError) return error;
          throw error;
        },
      ),
    seconds: (count) => new Promise((resolve) => setTimeout(resolve, count * 1000)),
  };
}

/** The parts of an error that are the same in every run. */
function say({ code, reasonCode, closeCode, statement }) {
  const parts = [
    code,
    reasonCode !== undefined && `0x${reasonCode.toString(16).padStart(2, "0")}`,
    closeCode !== undefined && `(close code ${closeCode})`,
    statement,
  ];
  return parts.filter(Boolean).join(" ");
}
