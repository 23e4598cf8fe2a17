import type { PacketInfo } from "../packet.js";
import type { QoS } from "../types.js";

/** Names of the packet types (section 2.1.2). `RESERVED` is the type 0, which nobody may send. */
export type PacketType =
  | "RESERVED"
  | "CONNECT"
  | "CONNACK"
  | "PUBLISH"
  | "PUBACK"
  | "PUBREC"
  | "PUBREL"
  | "PUBCOMP"
  | "SUBSCRIBE"
  | "SUBACK"
  | "UNSUBSCRIBE"
  | "UNSUBACK"
  | "PINGREQ"
  | "PINGRESP"
  | "DISCONNECT"
  | "AUTH";

/** A value that is not shown, and its length in bytes. */
export interface Hidden {
  readonly hiddenBytes: number;
}

/** The value of a property. */
export type PropertyValue =
  | boolean
  | number
  | string
  | Hidden
  | readonly number[]
  | readonly (readonly [name: string, value: string | Hidden])[];

/** Properties under the names of the standard, written like `serverKeepAlive`. Those that may repeat are lists. */
export type PacketProperties = Readonly<Record<string, PropertyValue>>;

/** A topic filter of SUBSCRIBE or UNSUBSCRIBE; the options are those of SUBSCRIBE (section 3.8.3.1). */
export interface PacketFilter {
  readonly filter: string;
  readonly qos?: QoS;
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly retainHandling?: 0 | 1 | 2;
}

/**
 * What a packet says, without its secrets. A field is there when the packet has it. Texts of the server come from
 * outside: escape them before they go into a page.
 */
export interface PacketDetails extends Pick<PacketInfo, "direction" | "protocolVersion" | "size"> {
  readonly type: PacketType;
  /** The packet breaks a rule, and what follows the fields here could not be understood. */
  readonly incomplete?: true;
  readonly packetId?: number;
  /** Of PUBLISH, as `retain` and `dup`. 3 is not legal. */
  readonly qos?: QoS | 3;
  readonly retain?: boolean;
  readonly dup?: boolean;
  /** Topic Name of a PUBLISH, in full where a topic alias stands for it that this inspector has seen. */
  readonly topic?: string;
  /** Bytes of the payload of a PUBLISH. */
  readonly payloadLength?: number;
  /** 0 where an acknowledgement, DISCONNECT or AUTH of 5.0 leaves it out. In CONNACK of 3.1.1 the return code. */
  readonly reasonCode?: number;
  /** The standard's name of a reason code that reports a failure. */
  readonly reasonName?: string;
  /** Of SUBACK and UNSUBACK, one for each filter. */
  readonly reasonCodes?: readonly number[];
  /** Of CONNACK. */
  readonly sessionPresent?: boolean;
  readonly filters?: readonly PacketFilter[];
  /** Of CONNECT, as all that follow. */
  readonly clientId?: string;
  readonly cleanStart?: boolean;
  /** In seconds. */
  readonly keepAlive?: number;
  readonly will?: { readonly qos: QoS; readonly retain: boolean };
  /** Whether there is a user name. */
  readonly hasUsername?: boolean;
  /** Whether there is a password. */
  readonly hasPassword?: boolean;
  readonly properties?: PacketProperties;
}
