import { HeadReader } from "../inspect/reader.js";

/** What a server can put into a PUBLISH (3.3.2.3), under the names of `MessageProperties`. */
const READERS: Readonly<Record<number, readonly [name: string, read: (reader: HeadReader) => unknown]>> = {
  1: ["payloadFormatIndicator", (reader) => reader.integer(1) === 1],
  2: ["messageExpiryInterval", (reader) => reader.integer(4)],
  3: ["contentType", (reader) => reader.string()],
  8: ["responseTopic", (reader) => reader.string()],
  9: ["correlationData", (reader) => reader.binary().slice()],
  11: ["subscriptionIdentifiers", (reader) => reader.varint()],
  35: ["topicAlias", (reader) => reader.integer(2)],
  38: ["userProperties", (reader) => [reader.string(), reader.string()]],
};
const LISTS = [11, 38];

/**
 * The properties of a message from their bytes in the packet. The worker's engine has validated them, but is not here to be
 * asked: `message.properties` answers at once.
 */
export function decodeProperties(block: Uint8Array): object {
  const reader = new HeadReader(block);
  const properties: Record<string, unknown> = {};
  while (reader.left > 0) {
    const id = reader.varint();
    const [name, read] = READERS[id] ?? [];
    if (!name || !read) return properties; // of a packet that the engine would have refused
    const value = read(reader);
    properties[name] = LISTS.includes(id) ? [...((properties[name] as unknown[]) ?? []), value] : value;
  }
  return properties;
}
