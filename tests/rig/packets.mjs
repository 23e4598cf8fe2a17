// Just enough MQTT bytes for a scripted broker: splits a stream into packets, and builds the usual answers.

const names = [
  "",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
];
names.push("UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH");

/** Takes the first whole packet off `bytes`: `{ packet: { name, flags, body, bytes }, rest }`, or nothing yet. */
export function takePacket(bytes) {
  let length = 0;
  for (let i = 1; i < bytes.length; i++) {
    length += (bytes[i] & 0x7f) * 128 ** (i - 1);
    if (bytes[i] & 0x80) continue;
    const [start, end] = [i + 1, i + 1 + length];
    if (bytes.length < end) return undefined;
    const packet = {
      name: names[bytes[0] >> 4],
      flags: bytes[0] & 0x0f,
      body: bytes.subarray(start, end),
      bytes: bytes.subarray(0, end),
    };
    return { packet, rest: bytes.subarray(end) };
  }
  return undefined;
}

/** Builds a packet from its first byte and its body, given as numbers, strings (UTF-8) and buffers. */
export function packet(first, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(typeof part === "number" ? [part] : part)));
  const length = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** A string or binary field: two bytes of length, then the bytes. */
export function field(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** The protocol level (4 or 5) a CONNECT asks for. */
export const levelOf = (connect) => connect.body[6];

/** The client identifier in a CONNECT. */
export function clientIdOf(connect) {
  const at = levelOf(connect) === 5 ? 11 + connect.body[10] : 10; // our property lists stay below 128 bytes
  const length = connect.body.readUInt16BE(at);
  return connect.body.subarray(at + 2, at + 2 + length).toString();
}

/** Topic, packet identifier and payload of a PUBLISH. */
export function readPublish({ flags, body }, level) {
  const qos = (flags >> 1) & 3;
  let at = 2 + body.readUInt16BE(0);
  const topic = body.subarray(2, at).toString();
  const id = qos > 0 ? body.readUInt16BE(at) : undefined;
  if (qos > 0) at += 2;
  if (level === 5) at += 1 + body[at];
  return { topic, qos, id, dup: (flags & 8) !== 0, payload: body.subarray(at) };
}

/** CONNACK; `properties` is the raw property list of version 5, without its length. */
export function connack(level, { sessionPresent = 0, code = 0, properties = [] } = {}) {
  const list = Buffer.from(properties);
  return level === 5
    ? packet(0x20, sessionPresent, code, list.length, list)
    : packet(0x20, sessionPresent, code);
}

/** SUBACK granting `codes` to the SUBSCRIBE that carried `id`. */
export function suback(level, id, codes) {
  return packet(0x90, id >> 8, id & 0xff, ...(level === 5 ? [0] : []), ...codes);
}

/** PUBLISH from the server. */
export function publish(level, topic, payload, { qos = 0, id = 0, dup = 0, retain = 0 } = {}) {
  const identifier = qos > 0 ? [id >> 8, id & 0xff] : [];
  return packet(
    0x30 | (dup << 3) | (qos << 1) | retain,
    field(topic),
    ...identifier,
    ...(level === 5 ? [0] : []),
    payload,
  );
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form. */
export function ack(name, id) {
  return packet((names.indexOf(name) << 4) | (name === "PUBREL" ? 2 : 0), id >> 8, id & 0xff);
}

const METHOD = 0x15;
const DATA = 0x16;

/** AUTH with an Authentication Method and, unless it is empty, Authentication Data. */
export function auth(code, method, data = "") {
  const properties = [METHOD, field(method), ...(data === "" ? [] : [DATA, field(data)])];
  const length = properties.reduce((sum, part) => sum + (part.length ?? 1), 0);
  return packet(0xf0, code, length, ...properties);
}

/** Reason code, method and data of an AUTH. */
export const readAuth = ({ body }) => ({ code: body[0] ?? 0, ...authenticationIn(body.subarray(2)) });

/** Authentication Method and Data of a CONNECT of version 5. */
export const connectAuth = ({ body }) => authenticationIn(body.subarray(11, 11 + body[10]));

/** Walks a property list of which the two texts stand last, as our client writes it. */
function authenticationIn(properties) {
  const at = properties.indexOf(Buffer.from([METHOD, 0]));
  if (at < 0) return {};
  const text = (start) =>
    properties.subarray(start + 3, start + 3 + properties.readUInt16BE(start + 1)).toString();
  const method = text(at);
  const next = at + 3 + Buffer.byteLength(method);
  return { method, data: properties[next] === DATA ? text(next) : undefined };
}
