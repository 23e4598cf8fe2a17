/** What the connection form starts with. Secrets are listed in `SECRET` and leave the form only towards the broker. */
export const DEFAULTS = {
  url: "",
  protocolVersion: "auto",
  clientId: "",
  keepAlive: "45",
  sessionExpiryInterval: "",
  cleanStart: true,
  keepUnsent: false,
  username: "",
  password: "",
  willTopic: "",
  willPayload: "",
  willQos: "0",
  willRetain: false,
};

/** Payloads count as secrets, too: a will may carry anything. */
const SECRET = ["username", "password", "willPayload"];
const KEPT = Object.keys(DEFAULTS).filter((name) => !SECRET.includes(name));
/** Whether this browser keeps messages is nothing that a link decides. */
const SHARED = KEPT.filter((name) => name !== "keepUnsent");

const STORAGE_KEY = "wasmqtt.settings";
const RECENT_KEY = "wasmqtt.recent";
const MAX_RECENT = 8;
const MAX_SUBSCRIPTIONS = 32;

/**
 * Writes settings and subscriptions as the fragment of a link. The fragment never reaches a server; secrets never
 * reach the fragment. The URL loses its user, password and query: signed URLs carry tokens there.
 */
export function toFragment(settings, subscriptions) {
  const parameters = new URLSearchParams();
  for (const name of SHARED) {
    // Under which identifier this browser keeps messages is its own affair: with two of them they end up anywhere.
    if (name === "clientId" && settings.keepUnsent) continue;
    const value = name === "url" ? withoutSecrets(settings.url) : settings[name];
    if (value !== DEFAULTS[name]) parameters.set(name, String(value));
  }
  for (const { filter, qos } of subscriptions) parameters.append("sub", `${qos}:${filter}`);
  return parameters.toString();
}

/** @returns {{ settings: Partial<typeof DEFAULTS>, subscriptions: { filter: string, qos: number }[] }} */
export function fromFragment(fragment) {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  const settings = {};
  for (const name of SHARED) {
    const value = parameters.get(name);
    if (value !== null) settings[name] = typeof DEFAULTS[name] === "boolean" ? value === "true" : value;
  }
  const subscriptions = parameters
    .getAll("sub")
    .map((text) => /^([012]):(.+)$/s.exec(text))
    .filter(Boolean)
    .slice(0, MAX_SUBSCRIPTIONS)
    .map(([, qos, filter]) => ({ filter, qos: Number(qos) }));
  return { settings, subscriptions };
}

/** A URL that can be shown to others; "" when it cannot be read as one. */
export function withoutSecrets(text) {
  if (!URL.canParse(text)) return "";
  const url = new URL(text);
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  return url.href;
}

/** Remembers the form, without secrets, for the next visit. */
export function remember(settings) {
  const kept = Object.fromEntries(KEPT.map((name) => [name, settings[name]]));
  kept.url = withoutSecrets(settings.url);
  write(STORAGE_KEY, kept);
  if (kept.url)
    write(RECENT_KEY, [kept.url, ...recentUrls().filter((url) => url !== kept.url)].slice(0, MAX_RECENT));
}

export function remembered() {
  const stored = read(STORAGE_KEY, {});
  return Object.fromEntries(
    KEPT.filter((name) => typeof stored[name] === typeof DEFAULTS[name]).map((name) => [name, stored[name]]),
  );
}

export function recentUrls() {
  const stored = read(RECENT_KEY, []);
  return Array.isArray(stored) ? stored.filter((url) => typeof url === "string") : [];
}

/** Storage may be blocked, full or edited by hand: it is a convenience and never an error. */
export function read(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Nothing is remembered then.
  }
}

/** The form's values as options of the library. */
export function toClientOptions(settings) {
  const options = {
    protocolVersion: settings.protocolVersion === "auto" ? "auto" : Number(settings.protocolVersion),
    keepAlive: numberOr(settings.keepAlive, 45),
  };
  if (settings.keepUnsent) {
    options.store = "indexeddb";
    // Without a server, too, there is a client that takes messages.
    options.reconnect = { retryInitial: true };
  } else options.cleanStart = settings.cleanStart;
  if (settings.clientId) options.clientId = settings.clientId;
  if (settings.sessionExpiryInterval !== "")
    options.sessionExpiryInterval = Number(settings.sessionExpiryInterval);
  if (settings.username) options.username = settings.username;
  if (settings.password) options.password = settings.password;
  if (settings.willTopic) {
    options.will = {
      topic: settings.willTopic,
      payload: settings.willPayload,
      qos: Number(settings.willQos),
      retain: settings.willRetain,
    };
  }
  return options;
}

/** A Client Identifier for this browser that every server takes (section 3.1.3.1): 1 to 23 letters and digits. */
export function randomClientId() {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  return `console${digits.join("")}`;
}

function numberOr(text, fallback) {
  return text === "" ? fallback : Number(text);
}
