import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { createInspector, type PacketInfo } from "../../js/src/entry/inspect.js";

interface Vector {
  name: string;
  version: "3.1.1" | "5.0";
  direction: "c2s" | "s2c";
  hex: string;
  decoded: Record<string, unknown> & {
    type: string;
    properties?: [string, unknown][];
    payload_hex?: string;
    filters?: unknown;
  };
}

interface Expected {
  properties?: unknown;
  will?: unknown;
  payloadLength?: number;
  topic?: unknown;
  filters?: unknown;
  reasonCode?: unknown;
}

interface Lists {
  userProperties?: unknown[];
  subscriptionIdentifiers?: unknown[];
}

const VECTORS: Vector[] = JSON.parse(
  fs.readFileSync(new URL("../vectors/valid.json", import.meta.url), "utf8"),
);
const RENAMED: Record<string, string> = {
  user_property: "userProperties",
  subscription_identifier: "subscriptionIdentifiers",
  subscription_identifier_available: "subscriptionIdentifiersAvailable",
};

/** A packet as the tap shows it; `hidden` is how many bytes at its end it cuts off. */
function packet(hex: string, fields: Partial<PacketInfo> = {}, hidden = 0): PacketInfo {
  const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
  const head = bytes.slice(0, bytes.length - hidden);
  return { direction: "sent", protocolVersion: 5, size: bytes.length, head, ...fields };
}

const camel = (name: string) => RENAMED[name] ?? name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const isFlag = (name: string) => /available$|_information$|_indicator$/.test(name);

/** What the inspector has to say of the properties of a vector. */
function expectedProperties(list: [string, unknown][] = [], hidesPairs: boolean) {
  const properties: Record<string, unknown> & Lists = {};
  for (const [name, value] of list) {
    if (name.endsWith("_hex")) {
      properties[camel(name.slice(0, -4))] = { hiddenBytes: String(value).length / 2 };
    } else if (name === "user_property") {
      const [key, text] = value as [string, string];
      const pair = [key, hidesPairs ? { hiddenBytes: Buffer.byteLength(text) } : text];
      properties.userProperties = [...(properties.userProperties ?? []), pair];
    } else if (name === "subscription_identifier") {
      properties.subscriptionIdentifiers = [...(properties.subscriptionIdentifiers ?? []), value];
    } else {
      properties[camel(name)] = isFlag(name) && typeof value === "number" ? value === 1 : value;
    }
  }
  return properties;
}

/** What the inspector has to say of a vector, but for names of reasons. */
function expected({ version, decoded }: Vector) {
  const { type, properties, will, username, password_hex, payload_hex, subscriptions, ...rest } = decoded;
  const details: Record<string, unknown> & Expected = { type };
  for (const [name, value] of Object.entries(rest)) details[camel(name)] = value;
  const list = expectedProperties(properties, type === "CONNECT" || type === "AUTH");
  if (Object.keys(list).length > 0) details.properties = list;
  if (type === "CONNECT") {
    Object.assign(details, { hasUsername: username !== undefined, hasPassword: password_hex !== undefined });
    const { qos, retain } = (will ?? {}) as Record<string, unknown>;
    if (will) details.will = { qos, retain };
  }
  if (type === "PUBLISH") {
    details.payloadLength = String(payload_hex ?? "").length / 2;
    if (details.topic === "") delete details.topic;
  }
  if (type === "UNSUBSCRIBE") details.filters = (rest.filters as string[]).map((filter) => ({ filter }));
  if (subscriptions) {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 };
    details.filters = (subscriptions as Record<string, unknown>[]).map((subscription) => ({
      ...options,
      ...Object.fromEntries(Object.entries(subscription).map(([name, value]) => [camel(name), value])),
    }));
  }
  // 3.1.1 has reason codes in CONNACK and SUBACK only.
  if (version === "3.1.1" && type !== "CONNACK") delete details.reasonCode;
  return details;
}

test("packets of other people's encoders are read as they were meant", () => {
  const seen = new Set<string>();
  for (const vector of VECTORS) {
    const { name, version, direction, hex, decoded } = vector;
    const hidden = decoded.type === "PUBLISH" ? String(decoded.payload_hex ?? "").length / 2 : 0;
    const info = packet(
      hex,
      { protocolVersion: version === "5.0" ? 5 : 4, direction: direction === "c2s" ? "sent" : "received" },
      hidden,
    );
    const { direction: way, size, protocolVersion, reasonName, ...details } = createInspector()(info);
    assert.deepEqual({ ...details }, expected(vector), name);
    assert.deepEqual([way, size, protocolVersion], [info.direction, hex.length / 2, info.protocolVersion]);
    const known = [0x80, 0x87].includes(details.reasonCode ?? 0);
    if (known) assert.equal(typeof reasonName, "string", name);
    seen.add(`${decoded.type} ${version}`);
  }
  assert.ok(seen.size >= 26, [...seen].join());
});

test("topics behind aliases are remembered for each direction, until the next connection", () => {
  const inspect = createInspector();
  const named = "3009000161032300016869"; // topic "a", alias 1, payload "hi"
  const aliased = "3008000003230001" + "6869";
  const received = { direction: "received" } as const;
  assert.equal(inspect(packet(aliased, {}, 2)).topic, undefined);
  assert.equal(inspect(packet(named, {}, 2)).topic, "a");
  const details = inspect(packet(aliased, {}, 2));
  assert.deepEqual([details.topic, details.properties, details.payloadLength], ["a", { topicAlias: 1 }, 2]);
  assert.equal(inspect(packet(aliased, received, 2)).topic, undefined);
  inspect(packet("100d00044d5154540502003c000000"));
  assert.equal(inspect(packet(aliased, {}, 2)).topic, undefined);
});

test("a head that ends early gives what it has", () => {
  const inspect = createInspector();
  const of = (hex: string, size: number) => inspect(packet(hex, { direction: "received", size }));
  assert.deepEqual(of("30", 0), {
    direction: "received",
    type: "PUBLISH",
    protocolVersion: 5,
    size: 0,
    incomplete: true,
  });
  const cut = of("300800016104" + "0101", 10); // behind the first of two properties
  assert.deepEqual(
    [cut.topic, cut.properties, cut.incomplete, cut.payloadLength],
    ["a", { payloadFormatIndicator: true }, true, undefined],
  );
  assert.equal(of("0000", 2).type, "RESERVED");
  assert.equal(of("6002" + "0001", 4).packetId, 1);
  assert.equal(of("", 0).incomplete, true);
});

test("any bytes at all give an answer", () => {
  const inspect = createInspector();
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % below;
  };
  for (let round = 0; round < 20_000; round++) {
    const head = Uint8Array.from({ length: random(24) }, () => random(256));
    const protocolVersion = random(2) === 0 ? 4 : 5;
    const details = inspect({ direction: "received", protocolVersion, size: head.length, head });
    assert.equal(typeof details.type, "string");
  }
});
