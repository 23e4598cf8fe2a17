// What is measured: the rows of docs/performance.md. `kind` names a function of measure.mjs.

const FRAME = 16_384;
const ROUTES = 10_000;
const OURS = ["wasmqtt", "worker"];

/** Filters of a large application, and topics that match exactly one of them each. */
export const exactRoutes = Array.from({ length: ROUTES }, (_, i) => `site/${i % 100}/device/${i}/state`);
export const wildRoutes = Array.from({ length: ROUTES }, (_, i) => `site/${i % 100}/device/${i}/+`);

const receive = (id, title, options) => ({
  id,
  title: `receive ${title}`,
  kind: "receive",
  qos: 0,
  frameBytes: 0,
  ...options,
});
// With QoS 0 up to 32,000 messages or 8 MB are unsettled at a time: who stops and waits above a limit of its own is not held
// up by ours. "1,000 at a time" is an application that holds itself back.
const publish = (id, title, options) => ({ id, title: `publish ${title}`, kind: "publish", ...options });
const offline = (id, title, options) => ({
  id,
  title: `offline queue, ${title}`,
  kind: "offline",
  size: 256,
  slow: true,
  only: [...OURS, "mqttjs"], // the others cannot be given a message before they connect
  ...options,
});

export const SCENARIOS = [
  receive("receive-256", "QoS 0, 256 B, one packet a frame", { size: 256 }),
  receive("receive-16-packed", "QoS 0, 16 B, 16 KiB frames", { size: 16, frameBytes: FRAME }),
  receive("receive-256-packed", "QoS 0, 256 B, 16 KiB frames", { size: 256, frameBytes: FRAME }),
  receive("receive-qos1", "QoS 1, 256 B", { size: 256, qos: 1 }),
  receive("receive-qos2", "QoS 2, 256 B", { size: 256, qos: 2 }),
  receive("receive-64k", "QoS 0, 64 KiB", { size: 1 << 16 }),
  receive("receive-1m", "QoS 0, 1 MiB", { size: 1 << 20 }),
  publish("publish-16", "QoS 0, 16 B", { size: 16, qos: 0, window: 32_000 }),
  publish("publish-256", "QoS 0, 256 B", { size: 256, qos: 0, window: 32_000 }),
  publish("publish-4k", "QoS 0, 4 KiB", { size: 4096, qos: 0, window: 2000 }),
  publish("publish-16-held", "QoS 0, 16 B, 1,000 at a time", { size: 16, qos: 0, window: 1000, held: true }),
  publish("publish-256-held", "QoS 0, 256 B, 1,000 at a time", {
    size: 256,
    qos: 0,
    window: 1000,
    held: true,
  }),
  publish("publish-qos1", "QoS 1, 256 B, 100 in flight", { size: 256, qos: 1, window: 100 }),
  publish("publish-qos2", "QoS 2, 256 B, 100 in flight", { size: 256, qos: 2, window: 100 }),
  {
    id: "flight",
    title: "QoS 1, 256 B, 60,000 in flight",
    kind: "flight",
    size: 256,
    slow: true,
    only: ["raw", ...OURS],
  },
  {
    id: "routes-exact",
    title: "10,000 exact filters",
    kind: "routes",
    filters: exactRoutes,
    topics: exactRoutes,
    only: ["raw", "floor", ...OURS, "mqttjs", "u8"], // users of Paho write the list that users of MQTT.js write
  },
  {
    id: "routes-wild",
    title: "10,000 filters with +",
    kind: "routes",
    filters: wildRoutes,
    topics: exactRoutes,
    only: ["raw", "floor", ...OURS, "mqttjs", "u8"], // users of Paho write the list that users of MQTT.js write
  },
  {
    id: "routes-split",
    title: "10,000 exact filters, a list split beforehand",
    kind: "routes",
    filters: exactRoutes,
    topics: exactRoutes,
    isSplit: true,
    only: ["raw", ...OURS, "mqttjs"],
  },
  offline("offline-qos1", "10,000 × QoS 1", { qos: 1, count: 10_000 }),
  offline("offline-qos0", "10,000 × QoS 0", { qos: 0, count: 10_000 }),
  offline("offline-large", "100,000 × QoS 0", { qos: 0, count: 100_000, only: OURS }),
  { id: "latency", title: "round trip, QoS 0, 256 B", kind: "latency", size: 256 },
  { id: "start", title: "import to CONNACK", kind: "start" },
  { id: "memory", title: "after many messages", kind: "memory", only: [...OURS, "mqttjs"], once: true },
  {
    id: "mosquitto-latency",
    title: "round trip through Mosquitto",
    kind: "latency",
    size: 256,
    broker: true,
  },
  {
    id: "mosquitto-loop",
    title: "QoS 1, 256 B, to itself through Mosquitto",
    kind: "loop",
    size: 256,
    qos: 1,
    window: 100,
    broker: true,
  },
];

/** What is measured in Firefox too, without CPU time. */
export const IN_FIREFOX = new Set([
  "receive-256",
  "receive-16-packed",
  "receive-256-packed",
  "receive-qos1",
  "publish-256-held",
  "publish-qos1",
  "latency",
  "start",
]);
