import { h } from "./dom.js";
import { reasonCode } from "./format.js";

/** Which part of the way failed, in words. */
export const LAYERS = {
  page: "this page",
  network: "the network",
  tls: "TLS",
  http: "HTTP",
  websocket: "the WebSocket",
  mqtt: "MQTT",
  application: "the application",
};

/** The errors that a console meets most, as sentences; the others are named by their code. */
const WORDS = {
  "connect-failed": "The server cannot be reached, or it refused the WebSocket",
  "connect-timeout": "The server did not answer in time",
  "connack-timeout": "The WebSocket opened, but the broker never answered",
  "connect-refused": "The broker refused this client",
  "version-not-supported": "The broker does not speak this version of MQTT",
  "rejected-by-server": "The broker refused the request",
  "disconnected-by-server": "The broker ended the connection",
  "closed-before-connack": "The server hung up instead of answering",
  "too-large-for-server": "The server says that a packet was too large",
  "tls-failed": "The secure connection failed",
  "idle-timeout": "Something on the way ends silent connections",
  "connection-closed": "The connection was closed without a word from the broker",
  "keep-alive-timeout": "The broker has fallen silent",
  "session-taken-over": "Another client connected with the same client ID",
  "client-id-in-use": "This client ID is in use in another tab or window of this browser",
  "store-unavailable": "The browser's storage does not work",
  "store-full": "The browser's storage is full",
  "store-damaged": "The browser's storage holds something that cannot be read",
  "subprotocol-rejected": "The server did not accept the WebSocket subprotocol",
  "insecure-url": "The browser blocks unencrypted connections from this page",
  "blocked-by-csp": "The page's security policy forbids this address",
  "not-supported-by-server": "The broker does not offer this",
  "invalid-topic": "This is not a valid topic",
  "invalid-filter": "This is not a valid topic filter",
  "wasm-load-failed": "The WebAssembly module could not be loaded",
  offline: "This device is offline",
  timeout: "There was no answer in time",
};

/** What to do, where the library's own advice is for who writes a page. */
const HINTS = {
  "client-id-in-use":
    "Close the other tab or window, or take another client ID here. Messages that are kept under this one stay with it.",
  "connect-failed": "Check host, port, path, certificate and proxy, or let this page find out more.",
  "store-unavailable": "Allow this site to store data. This page tries again from time to time.",
  "store-full": "Make room on this device. This page tries again from time to time.",
};

/**
 * Shows why something failed: a sentence, what to change, and the facts to search for.
 *
 * @param {string} what what was tried: "Could not connect"
 * @param {unknown} error an MqttError, or whatever was thrown
 * @param {...HTMLElement} actions buttons below
 */
export function errorCard(what, error, ...actions) {
  const facts = factsOf(error);
  const hint = HINTS[error?.code] ?? error?.hint;
  return h(
    "div",
    { class: "error-card" },
    h("p", { class: "error-title" }, h("strong", {}, what), " ", sentence(error)),
    hint ? h("p", {}, hint) : undefined,
    facts.length > 0
      ? h("p", { class: "error-facts mono" }, ...facts.map((text) => h("span", {}, text)))
      : undefined,
    actions.length > 0 ? h("div", { class: "actions" }, ...actions) : undefined,
  );
}

/** One line for the activity list. */
export function errorLine(error) {
  return [sentence(error), ...factsOf(error)].join(" · ");
}

/** The library's message is "code (detail): hint"; code and hint have their own places here. */
function sentence(error) {
  const text = error?.message || String(error);
  if (!error?.code || !text.startsWith(error.code)) return /[.!?]$/.test(text) ? text : `${text}.`;
  const words = WORDS[error.code] ?? capitalised(error.code.replaceAll("-", " "));
  const detail = /^ \((.*)\)$/s.exec(text.slice(error.code.length, -`: ${error.hint}`.length))?.[1];
  return detail ? `${words}: ${detail}.` : `${words}.`;
}

function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function factsOf(error) {
  const facts = [];
  if (error?.code) facts.push(String(error.code));
  if (error?.layer) facts.push(`layer: ${LAYERS[error.layer] ?? error.layer}`);
  if (error?.reasonCode !== undefined)
    facts.push(`reason code ${reasonCode(error.reasonCode)} ${error.reasonName ?? ""}`.trim());
  if (error?.reasonCodes?.length > 0)
    facts.push(`reason codes ${error.reasonCodes.map(reasonCode).join(", ")}`);
  if (error?.reasonString) facts.push(`the other side says: ${error.reasonString}`);
  if (error?.closeCode !== undefined) facts.push(`close code ${error.closeCode}`);
  if (error?.retryable === false) facts.push("retrying alone will not help");
  return facts;
}
