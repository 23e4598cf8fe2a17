import { beside, inspection, library } from "./library.js";
import { Outgoing } from "./outgoing.js";
import { toClientOptions } from "./settings.js";

const SWATCHES = 8;
const PING_EVERY_MS = 5_000;
/** Errors beside the connection that the reader has to know of: code → what it is about, and a sentence. */
const TOLD = {
  "store-unavailable": ["store", "Unsent messages are not kept at the moment: a reload would lose them."],
  "store-full": ["store", "Unsent messages are not kept at the moment: a reload would lose them."],
  "store-damaged": ["store", "Something that was kept in this browser could not be read, and is lost."],
  "session-taken-over": ["client", "The broker ends each connection soon."],
  "poison-message": ["client", "A message holds up the others."],
};

/**
 * The page's one connection: a client of the library, the subscriptions the reader wants, and the traffic seen.
 *
 * Emits `change` (state, limits, subscriptions), `message` (row-making is up to the listener), `publishes` (what became of
 * them), `notice` and `activity`.
 */
export class Session extends EventTarget {
  /** @type {import("../../pkg/index.js").MqttClient | undefined} */
  client;
  state = "idle";
  /** While reconnecting: { attempt, at } with the time of the next try. */
  retry;
  roundTrip;
  /** What the connection was opened with, secrets included. */
  settings;
  outgoing = new Outgoing(() => this.#emit("publishes"));
  /** Filter → { filter, options, swatch, count, granted, error, handle }; outlives connections. */
  subscriptions = new Map();

  #ping;
  #reported;
  #deliver;

  get connected() {
    return this.state === "connected";
  }

  /** Whether this page's client has this Client Identifier. */
  uses(clientId) {
    return this.client !== undefined && this.client.clientId === clientId;
  }

  /** Opens a connection; the one before, if any, is closed first. */
  async connect(settings) {
    await this.#end();
    this.#setState("connecting");
    this.settings = settings;
    this.#emit("notice", { about: "store" });
    this.#emit("notice", { about: "client" });
    let client;
    try {
      const [{ createClient }, { createInspector }] = await Promise.all([beside(library), inspection()]);
      client = createClient(settings.url, toClientOptions(settings));
      this.client = client;
      this.#listen(client);
      const outbox = settings.keepUnsent ? `${settings.clientId} ${settings.url}` : undefined;
      this.outgoing.follow(client, createInspector, outbox);
      await client.start();
    } catch (error) {
      this.#fail(client, error);
    }
  }

  /** Ends the connection because somebody wants it to end. */
  async disconnect() {
    this.#emit("notice", { about: "connection" });
    await this.#end();
  }

  async #end() {
    const { client } = this;
    this.#forget();
    if (client) await client.close().catch((error) => this.#emit("activity", { text: "Closing", error }));
    this.outgoing.leave();
    this.#setState("idle");
  }

  /** Subscribes now, or as soon as there is a connection. */
  async subscribe(filter, options) {
    const known = this.subscriptions.get(filter);
    if (known) await this.unsubscribe(filter);
    const entry = { filter, options, swatch: known?.swatch ?? this.#freeSwatch(), count: 0 };
    this.subscriptions.set(filter, entry);
    this.#emit("change");
    if (!this.connected) return;
    try {
      await this.#activate(entry);
    } catch (error) {
      this.subscriptions.delete(filter); // whoever asked is told; trying it again later is up to them
      this.#emit("change");
      throw error;
    }
  }

  async unsubscribe(filter) {
    const entry = this.subscriptions.get(filter);
    this.subscriptions.delete(filter);
    this.#emit("change");
    if (entry?.handle && this.connected) await entry.handle.unsubscribe();
  }

  async publish(topic, payload, options) {
    if (!this.client) throw new Error("There is no connection: connect first.");
    return this.outgoing.publish(topic, payload, options);
  }

  #listen(client) {
    const on = (type, action) => client.on(type, (event) => this.client === client && action(event));
    let row;
    // The handlers of all subscriptions that a message belongs to run first, and the event "message" comes last.
    const deliver = (message, entry) => {
      if (!row) {
        row = { message, subscriptions: [] };
        this.#emit("message", row);
      }
      if (entry) {
        entry.count += 1;
        row.subscriptions.push(entry);
      } else row = undefined;
    };
    this.#deliver = deliver;
    on("state", (state) => this.#setState(state));
    on("connect", (server) => this.#online(server));
    on("disconnect", (event) => this.#offline(event));
    on("reconnecting", (event) => this.#retrying(event));
    on("message", (message) => deliver(message));
    on("error", (error) => this.#tell(error));
    client.closed.then((error) => error && this.#fail(client, error));
  }

  #online(server) {
    this.retry = undefined;
    this.#emit("notice", { about: "connection" });
    this.#emit("activity", { text: server.sessionPresent ? "Connected, session resumed" : "Connected" });
    this.#emit("change");
    for (const entry of this.subscriptions.values()) {
      if (!entry.handle) this.#activate(entry).catch(() => {}); // shown in the list of subscriptions
    }
    clearInterval(this.#ping);
    this.#ping = setInterval(() => this.#measure(), PING_EVERY_MS);
    this.#measure();
  }

  async #activate(entry) {
    const { client } = this;
    entry.error = undefined;
    try {
      entry.handle = await client.subscribe(entry.filter, entry.options, (message) =>
        this.#deliver(message, entry),
      );
      [entry.granted] = entry.handle.granted;
      this.#emit("activity", { text: `Subscribed ${entry.filter}` });
    } catch (error) {
      entry.error = error;
      this.#emit("activity", { text: `Not subscribed ${entry.filter}`, error });
      throw error;
    } finally {
      this.#emit("change");
    }
  }

  #offline({ error }) {
    clearInterval(this.#ping);
    this.roundTrip = undefined;
    this.#report("Disconnected", "The connection was lost.", error);
  }

  #retrying({ attempt, delay, error }) {
    const isPlanned = delay !== undefined; // else the client is suspended
    this.retry = isPlanned ? { attempt, at: performance.now() + delay } : undefined;
    const text = this.client.server ? "Reconnecting did not work." : "No connection yet.";
    this.#report("Attempt failed", text, error);
    const when = isPlanned ? `in ${(delay / 1_000).toFixed(1)} s` : "when the page and its network are back";
    this.#emit("activity", { text: `Attempt ${attempt} ${when}` });
    this.#emit("change");
  }

  /** The end of a connection and the plan for the next one come with the same error: it is told once. */
  #report(event, text, error) {
    if (!error || error === this.#reported) return;
    this.#reported = error;
    this.#emit("activity", { text: event, error });
    this.#emit("notice", { about: "connection", text, error });
  }

  /** What no call waits for. */
  #tell(error) {
    this.outgoing.tell(error);
    this.#emit("activity", { text: "Error", error });
    const [about, text] = TOLD[error.code] ?? [];
    if (about) this.#emit("notice", { about, text, error });
  }

  /** Ends the attempt or the connection; a client that fails in two ways is reported once. */
  #fail(client, error) {
    if (this.client !== client) return;
    this.#forget();
    this.outgoing.leave();
    this.#setState("closed");
    this.#emit("activity", { text: "Gave up", error });
    this.#emit("notice", { about: "connection", text: "No connection.", error });
  }

  #forget() {
    clearInterval(this.#ping);
    this.client = undefined;
    this.retry = undefined;
    this.roundTrip = undefined;
    for (const entry of this.subscriptions.values()) {
      entry.handle = undefined;
      entry.granted = undefined;
    }
  }

  async #measure() {
    const { client } = this;
    if (document.hidden) return;
    try {
      const roundTrip = await client.ping();
      if (this.client === client) this.roundTrip = roundTrip;
    } catch {
      // The connection went away meanwhile; `disconnect` tells.
    }
  }

  #setState(state) {
    if (state === this.state) return;
    this.state = state;
    if (state === "connected") this.retry = undefined;
    this.#emit("change");
  }

  #freeSwatch() {
    const taken = [...this.subscriptions.values()].map(({ swatch }) => swatch);
    const counts = Array.from(
      { length: SWATCHES },
      (_, at) => taken.filter((swatch) => swatch === at).length,
    );
    return counts.indexOf(Math.min(...counts));
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
