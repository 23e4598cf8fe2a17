/** What every entry exports beside `connect`, `createClient` and `init`. */

export type { MqttClient } from "./client.js";
export type { ClientEvents } from "./client-events.js";
export type { ErrorCode, ErrorLayer } from "./error-codes.js";
export { type ErrorEvidence, MqttError, type MqttErrorInit } from "./errors.js";
export type { Listener } from "./events.js";
export type { WasmSource } from "./loader.js";
export { json, type Message } from "./message.js";
export type {
  Attempt,
  Authenticator,
  BufferOptions,
  ClientOptions,
  CloseOptions,
  ConnectOptions,
  ConnectProperties,
  Credentials,
  Introduction,
  Logger,
  OfflineQueueOptions,
  PublishOptions,
  ReconnectOptions,
  RedirectOptions,
  ReplyOptions,
  RequestOptions,
  RespondOptions,
  SubscribeOptions,
  UnsubscribeOptions,
  UrlSource,
  WebSocketLike,
  Will,
} from "./options.js";
export type { PacketInfo } from "./packet.js";
export type { Reply, RequestHandler } from "./requests.js";
export type { Store, StoreChange, StoreOptions, StoreRecord } from "./store/types.js";
export type { MessageHandler, Subscription } from "./subscription.js";
export type {
  ClientState,
  Delivery,
  MaybePromise,
  MessageProperties,
  OperationOptions,
  Payload,
  PublishProperties,
  PublishResult,
  QoS,
  ServerInfo,
  Stats,
  UserProperties,
} from "./types.js";
