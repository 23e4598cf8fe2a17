import { asMqttError, invalidArgument, MqttError } from "./errors.js";
import type { Listener } from "./events.js";
import type { Message, ReceivedMessage } from "./message.js";
import { checkReply, randomText } from "./normalize.js";
import type { Operation } from "./operations.js";
import type {
  PublishOptions,
  ReplyOptions,
  RequestOptions,
  RespondOptions,
  SubscribeOptions,
} from "./options.js";
import type { MessageHandler, Subscription } from "./subscription.js";
import type { MaybePromise, OperationOptions, Payload, PublishResult, ServerInfo } from "./types.js";
import { encode } from "./utf8.js";

/** What answers a request: a payload, or one with options of its own. */
export type Reply = Payload | { readonly payload: Payload; readonly options?: ReplyOptions };

/** Answers a request. */
export type RequestHandler = (request: Message) => MaybePromise<Reply>;

/** What requests and replies need of the client. */
interface Client {
  readonly clientId: string;
  readonly server: ServerInfo | undefined;
  publish(topic: string, payload: Payload, options: PublishOptions): Promise<PublishResult>;
  subscribe(
    filter: string | readonly string[],
    options: SubscribeOptions,
    handler: MessageHandler,
  ): Promise<Subscription>;
  on(type: "connect", listener: Listener<ServerInfo>): unknown;
}

/** What they need of its calls. */
interface Calls {
  wait<T>(options: OperationOptions, run: (operation: Operation<T>) => void): Promise<T>;
}

/** Both sides of request and response: section 4.10, and for 3.1.1 the form that docs/requests.md describes. */
export class Requests {
  /** Replies that no request waited for. */
  unmatched = 0;
  readonly #client: Client;
  readonly #calls: Calls;
  readonly #report: (error: MqttError) => void;
  readonly #responseTopic: string | undefined;
  readonly #waiting = new Map<string, Operation<Message>>();
  #connected: Promise<ServerInfo> | undefined;
  #filter: string | undefined;
  #inbox: Promise<Subscription> | undefined;

  constructor(
    client: Client,
    calls: Calls,
    report: (error: MqttError) => void,
    responseTopic: string | undefined,
  ) {
    this.#client = client;
    this.#calls = calls;
    this.#report = report;
    this.#responseTopic = responseTopic;
  }

  async request(topic: string, payload: Payload, options: RequestOptions): Promise<Message> {
    checkReply(options);
    if (typeof topic !== "string") invalidArgument("topic", "Pass a string.");
    if (this.#waiting.size >= MOST_WAITING) throw new MqttError("queue-full", FULL);

    const id = randomText();
    const { timeout = 30_000 } = options;
    const sending = new AbortController();
    // It is published later, and the application may write to its buffer until then.
    const body = payload instanceof Uint8Array || payload instanceof ArrayBuffer ? payload.slice(0) : payload;
    const send = async () => {
      const [inbox, is5] = await this.#subscribe();
      const { reasonCode } = await this.#client.publish(
        is5 ? topic : `${topic}/${MARK}/${inbox}/${id}`,
        body,
        {
          ...options,
          qos: options.qos ?? 1,
          messageExpiryInterval:
            options.messageExpiryInterval ?? Math.min(Math.ceil(timeout / 1000), 2 ** 32 - 1),
          signal: sending.signal,
          ...(is5 && { responseTopic: inbox, correlationData: encode(id) }),
        },
      );
      if (reasonCode === NO_MATCHING_SUBSCRIBERS) throw new MqttError("no-responder", { reasonCode });
    };
    try {
      return await this.#calls.wait<Message>({ ...options, timeout }, (operation) => {
        this.#waiting.set(id, operation);
        send().catch(operation.reject);
      });
    } finally {
      this.#waiting.delete(id);
      sending.abort(); // a request that nobody waits for need not be sent any more
    }
  }

  respond(filter: string, handler: RequestHandler, options: RespondOptions): Promise<Subscription> {
    if (typeof filter !== "string") invalidArgument("filter", "Pass a string.");
    if (typeof handler !== "function") invalidArgument("handler", "Pass a function.");
    const { topicRequests = true, ...rest } = options;
    const filters = topicRequests && !filter.endsWith("#") ? [filter, `${filter}/${MARK}/#`] : [filter];
    return this.#client.subscribe(filters, { ...rest, qos: rest.qos ?? 1 }, (message) =>
      this.#answer(message as ReceivedMessage, filter, handler),
    );
  }

  /** Resolves once the server delivers replies: with the topic for them, and whether this is 5.0. */
  async #subscribe(): Promise<[topic: string, is5: boolean]> {
    this.#connected ??= new Promise((resolve) => this.#client.on("connect", resolve));
    const server = this.#client.server ?? (await this.#connected);
    const prefix = server.responseInformation?.replace(/\/$/, "") || "wasmqtt/reply";
    const topic = this.#responseTopic ?? `${prefix}/${this.#client.clientId.replace(/[+#]/g, "_")}`;
    const is5 = server.protocolVersion === 5;
    const filter = is5 ? topic : `${topic}/+`;
    // Asking again costs nothing on the network, unless the server dropped the subscription: then it is wanted back.
    if (filter !== this.#filter || this.#waiting.size < 2) {
      const previous = this.#inbox;
      const leave = () => previous?.then((old) => old.unsubscribe()).catch(() => {});
      this.#filter = filter;
      this.#inbox = this.#client.subscribe(filter, { qos: 1 }, (message) => this.#onReply(message));
      this.#inbox.then(leave, leave);
    }
    await this.#inbox;
    return [topic, is5];
  }

  #onReply(message: Message): void {
    const { correlationData } = message.properties;
    const id = correlationData ? String.fromCharCode(...correlationData.subarray(0, 99)) : message.params[0];
    const operation = this.#waiting.get(id ?? "");
    if (operation && this.#waiting.delete(id ?? "")) operation.resolve(message);
    else this.unmatched++;
    message.ack();
  }

  async #answer(message: ReceivedMessage, filter: string, handler: RequestHandler): Promise<void> {
    try {
      if (message.retain) return; // stored long ago: whoever asked waits no more
      const { responseTopic, correlationData } = message.properties;
      const [request, replyTopic] = responseTopic ? [message, responseTopic] : fromTopic(message, filter);
      const reply = await handler(request);
      const { payload, options = {} } =
        typeof reply === "object" && "payload" in reply ? reply : { payload: reply };
      checkReply(options);
      await this.#client.publish(replyTopic, payload, {
        ...options,
        qos: options.qos ?? 1,
        ...(correlationData && { correlationData }),
      });
    } catch (cause) {
      const error = asMqttError(cause, "handler-failed", { detail: "request handler" });
      if (error.code !== "client-closed") this.#report(error);
    } finally {
      message.ack();
    }
  }
}

const MARK = "reply-to";
const NO_MATCHING_SUBSCRIBERS = 0x10;
const MOST_WAITING = 10_000;
const FULL = { detail: "requests", limit: MOST_WAITING, hint: "Wait for replies to earlier requests." };

/** Takes a topic such as `lamp/1/reply-to/wasmqtt/reply/ada/x7` apart: the request as it was meant, and where to reply. */
function fromTopic(message: ReceivedMessage, filter: string): [ReceivedMessage, string] {
  const levels = message.topic.split("/");
  const depth = filter.replace(/^\$share\/[^/]*\/|\/?#$/g, "").split("/").length;
  const at = levels.indexOf(MARK, depth);
  const replyTopic = at < 0 ? "" : levels.slice(at + 1).join("/");
  if (!replyTopic) throw new MqttError("invalid-topic", NOWHERE);
  return [message.at(levels.slice(0, at).join("/"), filter), replyTopic];
}

const NOWHERE = {
  detail: "no Response Topic",
  hint: "Have requesters set one or, on 3.1.1, publish to <topic>/reply-to/<response topic>.",
};
