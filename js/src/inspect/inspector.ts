import { reasonName } from "../error-codes.js";
import type { PacketInfo } from "../packet.js";
import type { QoS } from "../types.js";
import { readProperties } from "./properties.js";
import { EndOfHead, HeadReader } from "./reader.js";
import type { PacketDetails, PacketFilter, PacketType, PropertyValue } from "./types.js";

/** In the order of their numbers, Table 2-1. */
const TYPES =
  "RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH";

type Draft = { -readonly [Key in keyof PacketDetails]: PacketDetails[Key] };
type Aliases = Map<PropertyValue | undefined, string>;

/**
 * Makes a function that decodes the packets of one client, given in the order of its `packet` event. It remembers the
 * topics behind topic aliases; those that were set before it was there stay unknown until they are set again.
 */
export function createInspector(): (packet: PacketInfo) => PacketDetails {
  const aliases: Record<PacketInfo["direction"], Aliases> = { sent: new Map(), received: new Map() };
  return (packet) => {
    const { direction, protocolVersion, size, head } = packet;
    const type = TYPES.split(" ")[(head[0] ?? 0) >> 4] as PacketType;
    const details: Draft = { direction, type, protocolVersion, size };
    if (type === "CONNECT") {
      aliases.sent.clear(); // they end with the connection (section 3.3.2.3.4)
      aliases.received.clear();
    }
    try {
      read(packet, details);
      if (type === "PUBLISH") details.payloadLength = size - head.length;
    } catch (error) {
      if (!(error instanceof EndOfHead)) throw error;
      details.incomplete = true;
    }
    if (type === "PUBLISH") resolve(details, aliases[direction]);
    return details;
  };
}

function resolve(details: Draft, aliases: Aliases): void {
  const { topicAlias: alias } = details.properties ?? {};
  if (details.topic && alias) aliases.set(alias, details.topic);
  const topic = details.topic || aliases.get(alias);
  if (topic === undefined || topic === "") delete details.topic;
  else details.topic = topic;
}

/** Adds field by field, so that what comes before the end of the head is there. */
function read({ head, protocolVersion }: PacketInfo, details: Draft): void {
  const reader = new HeadReader(head);
  const flags = reader.integer(1);
  const length = reader.varint();
  const isFive = protocolVersion === 5;
  const { type } = details;
  const properties = () => {
    const hidesPairs = type === "CONNECT" || type === "AUTH";
    const found = {};
    try {
      if (isFive) readProperties(reader, hidesPairs, found);
    } finally {
      if (Object.keys(found).length > 0) details.properties = found; // those before an early end count
    }
  };

  switch (type) {
    case "CONNECT":
      reader.string();
      reader.integer(1);
      readConnectFlags(reader.integer(1), details);
      details.keepAlive = reader.integer(2);
      properties();
      details.clientId = reader.string();
      break;
    case "CONNACK":
      details.sessionPresent = reader.integer(1) === 1;
      setReason(details, reader.integer(1));
      if (length > 2) properties();
      break;
    case "PUBLISH":
      Object.assign(details, { qos: (flags >> 1) & 3, retain: (flags & 1) > 0, dup: (flags & 8) > 0 });
      details.topic = reader.string();
      if (details.qos) details.packetId = reader.integer(2);
      properties();
      break;
    case "PUBACK":
    case "PUBREC":
    case "PUBREL":
    case "PUBCOMP":
      details.packetId = reader.integer(2);
      if (isFive) setReason(details, length > 2 ? reader.integer(1) : 0);
      if (length > 3) properties();
      break;
    case "DISCONNECT":
    case "AUTH":
      if (isFive) setReason(details, length > 0 ? reader.integer(1) : 0);
      if (length > 1) properties();
      break;
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
      details.packetId = reader.integer(2);
      properties();
      details.filters = readFilters(reader, type === "SUBSCRIBE");
      break;
    case "SUBACK":
    case "UNSUBACK":
      details.packetId = reader.integer(2);
      properties();
      details.reasonCodes = [...reader.take(reader.left)];
      break;
  }
}

function readConnectFlags(flags: number, details: Draft): void {
  details.cleanStart = (flags & 2) > 0;
  details.hasUsername = (flags & 128) > 0;
  details.hasPassword = (flags & 64) > 0;
  if (flags & 4) details.will = { qos: ((flags >> 3) & 3) as QoS, retain: (flags & 32) > 0 };
}

function readFilters(reader: HeadReader, withOptions: boolean): PacketFilter[] {
  const filters: PacketFilter[] = [];
  while (reader.left > 0) {
    const filter = reader.string();
    filters.push(withOptions ? { filter, ...subscribeOptions(reader.integer(1)) } : { filter });
  }
  return filters;
}

function subscribeOptions(byte: number): Omit<PacketFilter, "filter"> {
  return {
    qos: (byte & 3) as QoS,
    noLocal: (byte & 4) > 0,
    retainAsPublished: (byte & 8) > 0,
    retainHandling: ((byte >> 4) & 3) as 0 | 1 | 2,
  };
}

function setReason(details: Draft, code: number): void {
  details.reasonCode = code;
  const name = reasonName(code);
  if (name) details.reasonName = name;
}
