/** A packet as it passed, without its secrets. `createInspector` of `wasmqtt/inspect` decodes it. */
export interface PacketInfo {
  readonly direction: "sent" | "received";
  /** The version it is written in: 4 is 3.1.1. */
  readonly protocolVersion: 4 | 5;
  /** Length of the whole packet in bytes; 0 when a broken fixed header does not say. */
  readonly size: number;
  /**
   * The start of the packet as it is on the wire. It ends before the payload of a PUBLISH, before Will, user name and
   * password of a CONNECT, and in a packet that breaks a rule where it cannot be understood any more. Authentication
   * Data, Correlation Data and, in CONNECT and AUTH, values of User Properties are zeros of the same length.
   */
  readonly head: Uint8Array;
}
