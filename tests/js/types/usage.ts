// Not run, only compiled: what the types must allow, and after @ts-expect-error what they must refuse.

import type * as inline from "../../../js/src/entry/inline.js";
import * as slim from "../../../js/src/entry/slim.js";
import * as everything from "../../../js/src/index.js";
import {
  type ClientOptions,
  type ClientState,
  connect,
  createClient,
  init,
  json,
  type Message,
  MqttError,
  type PublishResult,
  type Store,
  type Subscription,
  type WasmSource,
} from "../../../js/src/index.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Equal<A, B>): void {}

declare const token: string;
declare const chart: { add(room: string | undefined, celsius: number): void };

export async function tenLines(): Promise<void> {
  const client = await connect("wss://broker.example.com/mqtt", { username: "ada", password: token });
  await client.subscribe("home/+/temperature", { qos: 1 }, (message) => {
    const [room] = message.params;
    chart.add(room, message.json<{ celsius: number }>().celsius);
  });
  await client.publish("home/kitchen/lamp", "on", { qos: 1, retain: true });
  await client.close();
}

export async function more(): Promise<void> {
  await init(new URL("https://example.test/wasmqtt_bg.wasm"));
  await init();
  const client = createClient(async ({ number }) => `wss://h/?n=${number}`, {
    protocolVersion: "auto",
    credentials: async ({ error }) => ({ username: error?.code ?? "", password: new Uint8Array(1) }),
    reconnect: { retryInitial: true, retryIf: (error, attempt) => error?.retryable !== false && attempt < 9 },
    offlineQueue: { overflow: "drop-oldest" },
    will: { topic: "gone", payload: json({ bye: true }), delayInterval: 5 },
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    logger: console,
  });
  await client.start({ signal: AbortSignal.timeout(5), timeout: 5 });
  same<typeof client.state, ClientState>(true);

  const results: PublishResult[] = await Promise.all([
    client.publish("t", new Uint8Array(1)),
    client.publish("t", new ArrayBuffer(1)),
    client.publish("t", new Blob([])),
    client.publish("t", json([1]), {
      userProperties: [["name", "value"]],
      correlationData: new Uint8Array(2),
    }),
  ]);
  same<(typeof results)[number]["status"], "queued" | "stored" | "sent" | "acknowledged" | "completed">(true);

  const subscription: Subscription = await client.subscribe(["a", "b"], {
    buffer: { max: 5, overflow: "latest-per-topic" },
  });
  for await (const message of subscription) {
    same<typeof message, Message>(true);
    const value: unknown = message.json();
    console.log(
      value,
      message.properties.userProperties?.[0]?.[1],
      subscription.dropped,
      subscription.granted[0],
    );
    message.ack();
    message.reject(0x83);
  }
  await subscription.unsubscribe({ timeout: 1, userProperties: [["why", "done"]] });

  const answering: Subscription = await client.respond("lamp/+", async ({ params }) => json(params), {
    qos: 2,
  });
  await client.respond("lamp/+", () => ({ payload: Uint8Array.of(1), options: { contentType: "x" } }));
  // @ts-expect-error a request without a reply has no answer
  await client.respond("lamp/+", () => undefined);
  // @ts-expect-error where a reply goes is the request's business
  await client.respond("lamp/+", () => ({ payload: "", options: { correlationData: Uint8Array.of(1) } }));
  const reply: Message = await client.request("lamp/1", json({}), {
    timeout: 5,
    contentType: "application/json",
  });
  same<typeof reply.payload, Uint8Array>(true);
  // @ts-expect-error where the reply comes is the client's business
  await client.request("lamp/1", "", { responseTopic: "r" });
  await answering.unsubscribe();

  const store: Store = { load: () => [[1, Uint8Array.of(1)]], write: async (_, all) => void all, close() {} };
  const keeping = createClient("wss://x", { clientId: "a", store: { open: () => store, fallback: "fail" } });
  await keeping.publish("t", "x", { qos: 1, until: "stored" });
  // @ts-expect-error records are bytes
  store.load = () => [[1, "text"]];
  createClient("wss://x", { clientId: "b", store: "indexeddb" });
  // @ts-expect-error there is no such store
  createClient("wss://x", { clientId: "c", store: "localStorage" });

  const off: () => void = client.on(
    "disconnect",
    ({ error, willReconnect }) => console.log(error?.hint, willReconnect),
    {
      signal: AbortSignal.abort(),
    },
  );
  client.on("message", (message) => same<typeof message, Message>(true));
  client.on("error", (error) => same<typeof error, MqttError>(true));
  off();
  same<Awaited<typeof client.closed>, MqttError | undefined>(true);
  const milliseconds: number = await client.ping();
  console.log(milliseconds, client.server?.receiveMaximum, client.stats.inFlight, client.clientId);
  {
    await using disposed = client;
    await using also = subscription;
    console.log(disposed, also);
  }
}

export function narrowing(error: unknown): void {
  if (error instanceof MqttError && error.code === "connect-refused" && !error.retryable)
    console.log(error.reasonName);
}

export async function refused(): Promise<void> {
  // @ts-expect-error a typing error in an option
  createClient("wss://h", { keepalive: 5 });
  // @ts-expect-error QoS 3 does not exist
  await createClient("wss://h").publish("t", "x", { qos: 3 });
  // @ts-expect-error objects need json()
  await createClient("wss://h").publish("t", { on: true });
  // @ts-expect-error there is no such event
  createClient("wss://h").on("connected", () => {});
  // @ts-expect-error user properties are a list: names may repeat
  createClient("wss://h", { properties: { userProperties: { a: "1" } } });
  // @ts-expect-error read-only
  createClient("wss://h").state = "closed";
  // @ts-expect-error messages are read-only
  createClient("wss://h").on("message", (message) => (message.topic = "x"));
  // @ts-expect-error no such code
  new MqttError("connection-refused");
  // @ts-expect-error slim brings no module
  await slim.init();
  // @ts-expect-error clients are made by connect and createClient
  new everything.MqttClient(async () => ({}), "wss://h");
}

same<typeof everything.connect, typeof inline.connect>(true);
same<typeof everything.connect, typeof slim.connect>(true);
same<keyof typeof everything, keyof typeof inline>(true);
same<keyof typeof everything, keyof typeof slim>(true);
same<keyof typeof everything, "MqttError" | "connect" | "createClient" | "init" | "json">(true);
same<Parameters<typeof init>[0], WasmSource | undefined>(true);
export type Options = ClientOptions;
