// The bytes of a client held against MQTT, packet by packet: what a host adds, cuts or changes shows here.

const NAMES =
  "reserved CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH".split(
    " ",
  );
const FROM_CLIENT = new Set(
  "CONNECT PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE UNSUBSCRIBE PINGREQ DISCONNECT AUTH".split(" "),
);
const FLAGS_2 = new Set(["PUBREL", "SUBSCRIBE", "UNSUBSCRIBE"]);

/** A violation: what is wrong, and the first bytes of where. */
export class Violation extends Error {
  constructor(what, bytes) {
    const head = Buffer.from(bytes)
      .subarray(0, 16)
      .toString("hex")
      .replaceAll(/..(?!$)/g, "$& ");
    super(`${what}: ${head}`);
  }
}

/**
 * Reads the WebSocket messages of one connection: `read(data, binary)` answers the packets that ended and throws a
 * `Violation`. With `whole`, a message has to end where a packet ends, as those of this project do.
 */
export function createReader({ whole }) {
  let level;
  let rest = Buffer.alloc(0);
  return {
    get level() {
      return level;
    },
    read(data, binary) {
      if (!binary) throw new Violation("a text message", data);
      if (data.length === 0) throw new Violation("an empty message", data);
      rest = Buffer.concat([rest, data]);
      const packets = [];
      for (let taken = split(rest); taken; taken = split(rest)) {
        const { packet, after } = taken;
        if (level === undefined && packet.name !== "CONNECT") throw new Violation("no CONNECT first", rest);
        if (level !== undefined && packet.name === "CONNECT") throw new Violation("a second CONNECT", rest);
        if (packet.name === "CONNECT") level = packet.body[6];
        packets.push({ ...packet, ...fields(packet, level) });
        rest = after;
      }
      if (whole && rest.length > 0) throw new Violation("a message ends within a packet", rest);
      return packets;
    },
  };
}

/** The first packet of `bytes` and what stands behind it, or nothing when it is not all there. */
function split(bytes) {
  if (bytes.length === 0) return undefined;
  const [type, flags] = [bytes[0] >> 4, bytes[0] & 0x0f];
  const name = NAMES[type];
  if (!FROM_CLIENT.has(name)) throw new Violation(`${name} from a client`, bytes);
  const wanted = FLAGS_2.has(name) ? 2 : 0;
  if (name !== "PUBLISH" && flags !== wanted) throw new Violation(`flags ${flags} in ${name}`, bytes);
  let [length, at] = [0, 1];
  for (; ; at++) {
    if (at > 4) throw new Violation("a length of more than four bytes", bytes);
    if (at >= bytes.length) return undefined;
    length += (bytes[at] & 0x7f) * 128 ** (at - 1);
    if (bytes[at] < 0x80) break;
  }
  const start = at + 1;
  if (at > 1 && bytes[at] === 0) throw new Violation("a length with more bytes than it needs", bytes);
  if (bytes.length < start + length) return undefined;
  const body = bytes.subarray(start, start + length);
  return { packet: { name, flags, body }, after: bytes.subarray(start + length) };
}

/** The fields that a server needs, with every length checked. */
function fields({ name, flags, body }, level) {
  const cursor = read(body);
  const properties = () => (level === 5 ? cursor.take(cursor.variable()) : undefined);
  switch (name) {
    case "CONNECT":
      return connect(cursor, level);
    case "PUBLISH": {
      const qos = (flags >> 1) & 3;
      if (qos === 3) throw new Violation("QoS 3", body);
      const topic = cursor.text();
      const id = qos > 0 ? cursor.identifier() : undefined;
      properties();
      return { qos, topic, id, payload: cursor.rest() };
    }
    case "SUBSCRIBE":
    case "UNSUBSCRIBE": {
      const id = cursor.identifier();
      properties();
      const filters = [];
      while (cursor.left() > 0) {
        const filter = cursor.text();
        filters.push(name === "SUBSCRIBE" ? { filter, qos: cursor.byte() & 3 } : { filter });
      }
      if (filters.length === 0) throw new Violation(`${name} without a filter`, body);
      return { id, filters };
    }
    case "PINGREQ":
      cursor.end();
      return {};
    case "DISCONNECT":
    case "AUTH":
      if (level !== 5) cursor.end();
      return {};
    default: {
      const id = cursor.identifier();
      if (level !== 5) cursor.end();
      return { id };
    }
  }
}

function connect(cursor, level) {
  const protocol = cursor.text();
  if (protocol !== "MQTT" || (level !== 4 && level !== 5))
    throw new Violation("an unknown protocol", cursor.all);
  cursor.byte();
  const flags = cursor.byte();
  if (flags & 1) throw new Violation("the reserved flag of CONNECT", cursor.all);
  const keepAlive = cursor.number();
  const list = () => level === 5 && cursor.take(cursor.variable());
  list();
  const clientId = cursor.text();
  if (flags & 4) {
    list();
    cursor.text();
    cursor.take(cursor.number());
  }
  if (flags & 128) cursor.text();
  if (flags & 64) cursor.take(cursor.number());
  cursor.end();
  return { level, keepAlive, clientId };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function read(all) {
  let at = 0;
  const take = (length) => {
    if (at + length > all.length) throw new Violation("a field is longer than its packet", all);
    at += length;
    return all.subarray(at - length, at);
  };
  const number = () => take(2).readUInt16BE(0);
  return {
    all,
    take,
    number,
    byte: () => take(1)[0],
    left: () => all.length - at,
    rest: () => take(all.length - at),
    identifier() {
      const id = number();
      if (id === 0) throw new Violation("packet identifier 0", all);
      return id;
    },
    variable() {
      let value = 0;
      for (let shift = 0; shift < 4; shift++) {
        const byte = take(1)[0];
        value += (byte & 0x7f) * 128 ** shift;
        if (byte < 0x80) return value;
      }
      throw new Violation("a length of more than four bytes", all);
    },
    text() {
      const bytes = take(number());
      try {
        return utf8.decode(bytes);
      } catch {
        throw new Violation("text that is not UTF-8", bytes);
      }
    },
    end() {
      if (at !== all.length) throw new Violation("bytes behind the last field", all);
    },
  };
}
