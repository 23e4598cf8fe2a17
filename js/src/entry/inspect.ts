/** Decodes what the `packet` event of a client shows. Brings no WebAssembly. */

export { createInspector } from "../inspect/inspector.js";
export type {
  Hidden,
  PacketDetails,
  PacketFilter,
  PacketProperties,
  PacketType,
  PropertyValue,
} from "../inspect/types.js";
export type { PacketInfo } from "../packet.js";
export type { QoS } from "../types.js";
