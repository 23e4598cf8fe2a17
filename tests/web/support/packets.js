// MQTT 5.0 packets as a server writes them, byte by byte from the standard.

const TYPES = [
  "reserved",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
];

export const utf8 = (text) => Array.from(new TextEncoder().encode(text));
export const u16 = (number) => [number >> 8, number & 255];
export const u32 = (number) => [...u16(number >>> 16), ...u16(number & 0xffff)];
export const string = (text) => binary(utf8(text));
export const binary = (bytes) => [...u16(bytes.length), ...bytes];
export const pair = (name, value) => [0x26, ...string(name), ...string(value)];

/** A Variable Byte Integer (1.5.5). */
export function varint(number) {
  const rest = number >> 7;
  return rest > 0 ? [(number & 127) | 128, ...varint(rest)] : [number];
}

const block = (properties) => [...varint(properties.length), ...properties];
const packet = (first, body) => [first, ...varint(body.length), ...body];

export const connack = ({ sessionPresent = false, reason = 0, properties = [] } = {}) =>
  packet(0x20, [Number(sessionPresent), reason, ...block(properties)]);

export function publish(topic, payload, { qos = 0, retain = false, dup = false, id, properties = [] } = {}) {
  const flags = (Number(dup) << 3) | (qos << 1) | Number(retain);
  const identifier = qos > 0 ? u16(id) : [];
  const bytes = typeof payload === "string" ? utf8(payload) : Array.from(payload);
  return packet(0x30 | flags, [...string(topic), ...identifier, ...block(properties), ...bytes]);
}

export const puback = (id, reason = 0, properties = []) =>
  packet(0x40, [...u16(id), reason, ...block(properties)]);
export const pubrec = (id) => packet(0x50, u16(id));
export const suback = (id, reasons, properties = []) =>
  packet(0x90, [...u16(id), ...block(properties), ...reasons]);
export const unsuback = (id, reasons) => packet(0xb0, [...u16(id), 0, ...reasons]);
export const auth = (reason, properties) => packet(0xf0, [reason, ...block(properties)]);
export const pingresp = () => [0xd0, 0];

/** The packets in the bytes of one send. */
export function packets(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    let [length, shift, start] = [0, 0, at + 1];
    do {
      length |= (bytes[start] & 127) << shift;
      shift += 7;
    } while (bytes[start++] & 128);
    found.push({
      type: TYPES[bytes[at] >> 4],
      flags: bytes[at] & 15,
      body: bytes.slice(start, start + length),
    });
    at = start + length;
    if (at > bytes.length) throw new Error("a send ends amid a packet");
  }
  return found;
}

/** For each send, the names of its packets. */
export const names = (sent) => sent.map((bytes) => packets(bytes).map(({ type }) => type));
