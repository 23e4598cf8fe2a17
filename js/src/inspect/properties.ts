import type { HeadReader } from "./reader.js";
import type { Hidden, PropertyValue } from "./types.js";

type Kind = "flag" | "byte" | "u16" | "u32" | "varint" | "text" | "secret" | "pair";

/** Table 2-4. Bytes that can be 0 and 1 only are flags. */
const TABLE: Readonly<Record<number, readonly [name: string, kind: Kind]>> = {
  1: ["payloadFormatIndicator", "flag"],
  2: ["messageExpiryInterval", "u32"],
  3: ["contentType", "text"],
  8: ["responseTopic", "text"],
  9: ["correlationData", "secret"],
  11: ["subscriptionIdentifiers", "varint"],
  17: ["sessionExpiryInterval", "u32"],
  18: ["assignedClientIdentifier", "text"],
  19: ["serverKeepAlive", "u16"],
  21: ["authenticationMethod", "text"],
  22: ["authenticationData", "secret"],
  23: ["requestProblemInformation", "flag"],
  24: ["willDelayInterval", "u32"],
  25: ["requestResponseInformation", "flag"],
  26: ["responseInformation", "text"],
  28: ["serverReference", "text"],
  31: ["reasonString", "text"],
  33: ["receiveMaximum", "u16"],
  34: ["topicAliasMaximum", "u16"],
  35: ["topicAlias", "u16"],
  36: ["maximumQos", "byte"],
  37: ["retainAvailable", "flag"],
  38: ["userProperties", "pair"],
  39: ["maximumPacketSize", "u32"],
  40: ["wildcardSubscriptionAvailable", "flag"],
  41: ["subscriptionIdentifiersAvailable", "flag"],
  42: ["sharedSubscriptionAvailable", "flag"],
};

/**
 * Reads Property Length and properties into `into`, as far as they can be understood. `hidePairs`: the values of User
 * Properties are not there.
 */
export function readProperties(
  reader: HeadReader,
  hidePairs: boolean,
  into: Record<string, PropertyValue>,
): void {
  const length = reader.varint();
  const end = reader.left - length;
  while (reader.left > end) {
    const [name, kind] = TABLE[reader.varint()] ?? ["", "byte"];
    const value = readValue(reader, kind, hidePairs);
    // A list where the property may repeat.
    into[name] =
      kind === "varint" || kind === "pair" ? [...((into[name] as []) ?? []), value as never] : value;
  }
}

function readValue(reader: HeadReader, kind: Kind, hidePairs: boolean): PropertyValue {
  switch (kind) {
    case "flag":
      return reader.integer(1) === 1;
    case "byte":
      return reader.integer(1);
    case "u16":
      return reader.integer(2);
    case "u32":
      return reader.integer(4);
    case "varint":
      return reader.varint();
    case "text":
      return reader.string();
    case "secret":
      return hidden(reader);
    case "pair":
      return [reader.string(), hidePairs ? hidden(reader) : reader.string()] as never;
  }
}

function hidden(reader: HeadReader): Hidden {
  return { hiddenBytes: reader.binary().length };
}
