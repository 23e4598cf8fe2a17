import { h } from "./dom.js";
import { bytes, count, seconds } from "./format.js";

const VERSIONS = { 4: "MQTT 3.1.1", 5: "MQTT 5.0" };
/** A longer value gets a line of its own. */
const SHORT = 14;

/** What both sides agreed on (CONNACK, section 3.2.2), as rows of a description list. */
export function negotiatedFacts(server) {
  const facts = [
    ["Protocol", VERSIONS[server.protocolVersion]],
    ["Subprotocol", server.subprotocol || "none"],
    ["Session", server.sessionPresent ? "resumed" : "new"],
    [
      "Keep alive",
      server.keepAlive === 0 ? "off" : seconds(server.keepAlive),
      note(server.serverKeepAlive, "broker’s"),
    ],
    ["Client ID", server.clientId, note(server.assignedClientIdentifier, "assigned")],
  ];
  if (server.protocolVersion === 5) facts.push(...limits(server));
  return facts.map(fact);
}

function limits(server) {
  const { maximumPacketSize, sessionExpiryInterval, responseInformation, serverReference, reasonString } =
    server;
  return [
    ["Receive max", count(server.receiveMaximum)],
    ["Packet max", maximumPacketSize === undefined ? "no limit" : bytes(maximumPacketSize).join(" ")],
    ["QoS max", String(server.maximumQos)],
    ["Topic aliases", count(server.topicAliasMaximum)],
    ["Session expiry", sessionExpiryInterval === undefined ? undefined : seconds(sessionExpiryInterval)],
    ["Response info", responseInformation],
    ["Server reference", serverReference],
    ["Broker says", reasonString],
    ...(server.userProperties ?? []),
  ].filter(([, value]) => value !== undefined);
}

/** What the broker can do, as items of a list. 3.1.1 brokers do not tell. */
export function offeredAbilities(server) {
  if (server.protocolVersion !== 5) return [];
  return [
    ability("Retain", server.retainAvailable),
    ability("Wildcards", server.wildcardSubscriptionAvailable),
    ability("Shared", server.sharedSubscriptionAvailable),
    ability("Subscription ids", server.subscriptionIdentifiersAvailable),
  ];
}

function note(value, text) {
  return value === undefined ? undefined : h("small", { class: "muted" }, ` ${text}`);
}

function fact([name, value, small]) {
  const shape = value.length > SHORT ? "wide" : "";
  return h("div", { class: shape }, h("dt", {}, name), h("dd", { title: value }, value, small));
}

function ability(name, there) {
  return h(
    "li",
    { class: there ? "has" : "has-not" },
    h("span", { "aria-hidden": "true" }, there ? "✓" : "✕"),
    ` ${name}`,
    h("span", { class: "visually-hidden" }, there ? " available" : " not available"),
  );
}
