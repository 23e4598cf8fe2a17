// What this project wants to reach, each goal as a figure with a limit. "bare" is the bare WebSocket of the same run.

const [KB, MB] = [1000, 1_000_000];

/**
 * `value(of, sizes)` is the figure, which is to be `atLeast` or `atMost` something; NaN where something was not measured.
 * `of(scenario, client, name)` is a median, `sizes` are bytes.
 */
export const GOALS = [
  atMost(1.1, "receive-256", "CPU a message ÷ bare", ratio("cpu", "wasmqtt", "raw")),
  less("receive-256", "raw", 8),
  less("receive-256", "mqttjs", 12),
  ...["receive-16-packed", "receive-256-packed"].flatMap((id) => [
    rate(id, "raw", 0.85),
    rate(id, "mqttjs", 20),
    less(id, "raw", 1.5),
  ]),
  rate("receive-qos1", "mqttjs", 1.4),
  less("receive-qos1", "mqttjs", 10),
  rate("receive-qos2", "mqttjs", 3),
  less("receive-qos2", "mqttjs", 20),
  ...["receive-64k", "receive-1m"].flatMap((id) => [rate(id, "raw", 0.95), less(id, "raw", 4)]),
  rate("publish-256", "mqttjs", 12),
  rate("publish-256", "raw", 10),
  rate("publish-4k", "mqttjs", 8),
  rate("publish-4k", "raw", 2),
  rate("publish-16", "mqttjs", 3),
  rate("publish-16", "raw", 50),
  ...["publish-qos1", "publish-qos2"].flatMap((id) => [
    rate(id, "mqttjs", 2),
    rate(id, "raw", 1.7),
    less(id, "mqttjs", 10),
  ]),
  ...["wasmqtt", "worker"].map((client) =>
    atLeast(
      0.8,
      "flight",
      `${who(client)}rate ÷ that with 100 in flight`,
      (of) => of("flight", client, "rate") / of("publish-qos1", client, "rate"),
    ),
  ),
  ...["routes-exact", "routes-wild"].flatMap((id) => [
    atMost(
      10,
      id,
      "CPU a message, µs more than bare",
      (of) => of(id, "wasmqtt", "cpu") - of(id, "raw", "cpu"),
    ),
    rate(id, "mqttjs", 50),
  ]),
  atLeast(5, "offline-qos1", "times faster than MQTT.js", ratio("ms", "mqttjs", "wasmqtt")),
  atLeast(100, "offline-qos0", "times faster than MQTT.js", ratio("ms", "mqttjs", "wasmqtt")),
  atMost(500, "offline-large", "milliseconds", median("ms")),
  atMost(50, "offline-large", "longest task, ms", median("longest")),
  atMost(1.15, "latency", "p50 ÷ bare", ratio("p50", "wasmqtt", "raw")),
  atMost(2, "latency", "worker: p50 ÷ bare", ratio("p50", "worker", "raw")),
  atLeast(3, "start", "times faster than MQTT.js", ratio("cold", "mqttjs", "wasmqtt")),
  atMost(2 * MB, "start", "JavaScript heap at rest, bytes", median("heap")),
  atMost(MB, "memory", "bytes of JavaScript heap more than before", median("growth")),
  atMost(MB, "memory", "bytes of WebAssembly memory more than before", median("wasmGrowth")),
  atMost(40 * KB, "", "default entry, brotli bytes", (_, sizes) => sizes.wasmqtt ?? Number.NaN),
  atMost(45 * KB, "", "wasmqtt/inline, brotli bytes", (_, sizes) => sizes.inline ?? Number.NaN),
];

function atLeast(limit, scenario, what, value) {
  return { scenario, what, atLeast: limit, value: (of, sizes) => value(of, sizes, scenario) };
}

function atMost(limit, scenario, what, value) {
  return { scenario, what, atMost: limit, value: (of, sizes) => value(of, sizes, scenario) };
}

function rate(scenario, other, limit) {
  return atLeast(
    limit,
    scenario,
    `rate ÷ ${other === "raw" ? "bare" : "MQTT.js"}`,
    ratio("rate", "wasmqtt", other),
  );
}

/** How many times less the page's thread has to do with the client in a worker. */
function less(scenario, other, limit) {
  const what = `worker: ${other === "raw" ? "bare" : "MQTT.js"} ÷ main-thread CPU a message`;
  return atLeast(limit, scenario, what, ratio("cpu", other, "worker"));
}

function ratio(name, one, other) {
  return (of, _, scenario) => of(scenario, one, name) / of(scenario, other, name);
}

function median(name) {
  return (of, _, scenario) => of(scenario, "wasmqtt", name);
}

function who(client) {
  return client === "worker" ? "worker: " : "";
}
