import type { MqttError } from "./errors.js";
import type { Message } from "./message.js";
import type { PacketInfo } from "./packet.js";
import type { ClientState, ServerInfo } from "./types.js";

/** The events of a client and what they carry. */
export interface ClientEvents {
  /** The state changed. */
  state: ClientState;
  /** The server accepted a connection: the first one or a later one. */
  connect: ServerInfo;
  /** A connection that the server had accepted ended. `error` is absent after `close()`. */
  disconnect: { readonly error?: MqttError; readonly willReconnect: boolean };
  /**
   * An attempt to connect is planned, `delay` milliseconds from now; without a `delay` when the client is `suspended`: then it
   * follows once that ends. `error` is why the last one ended.
   */
  reconnecting: { readonly attempt: number; readonly delay?: number; readonly error?: MqttError };
  /** Any message, whether a handler gets it or not. Its `params` are empty. */
  message: Message;
  /**
   * Something failed that no call waits for: a handler or listener threw, a message was dropped. Without a listener
   * it is reported to the host like an uncaught error; the guesses `poison-message`, `session-taken-over` and
   * `idle-timeout`, after which the client goes on, become a warning of the console instead. Why a connection ended is
   * told by `disconnect` and `closed`.
   */
  error: MqttError;
  /**
   * A packet passed, for debugging; in the order in which they pass. The engine looks at packets only while this event
   * has a listener. {@link PacketInfo} never holds payloads or credentials; `wasmqtt/inspect` decodes it.
   */
  packet: PacketInfo;
}
