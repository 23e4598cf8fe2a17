// What this project wants to reach with a client on the page's own thread, each goal as a figure with a limit.

const MIB = 1 << 20;

/**
 * `of(scenario, client, name)` is a median. A goal answers its figure, which is to be `atLeast` or `atMost` something; where
 * something was not measured it answers NaN.
 */
export const GOALS = [
  cpu("receive-256", 1.1),
  ...["receive-16-packed", "receive-256-packed"].flatMap((id) => [
    rate(id, "raw", 0.85),
    rate(id, "mqttjs", 20),
  ]),
  rate("receive-qos1", "mqttjs", 1.4),
  rate("receive-qos2", "mqttjs", 3),
  rate("receive-64k", "raw", 0.95),
  rate("receive-1m", "raw", 0.95),
  ...both("publish-256", 10, 12),
  ...both("publish-4k", 2, 8),
  ...both("publish-16", 50, 3),
  ...both("publish-qos1", 1.7, 2),
  ...both("publish-qos2", 1.7, 2),
  {
    scenario: "flight",
    what: "rate ÷ that with 100 in flight",
    atLeast: 0.8,
    value: (of) => of("flight", "wasmqtt", "rate") / of("publish-qos1", "wasmqtt", "rate"),
  },
  ...["routes-exact", "routes-wild"].flatMap((id) => [
    rate(id, "mqttjs", 50),
    {
      scenario: id,
      what: "CPU a message, µs more than bare",
      atMost: 10,
      value: (of) => of(id, "wasmqtt", "cpu") - of(id, "raw", "cpu"),
    },
  ]),
  faster("offline-qos1", "ms", "mqttjs", 5),
  faster("offline-qos0", "ms", "mqttjs", 100),
  most("offline-large", "ms", 500, "milliseconds"),
  most("offline-large", "longest", 50, "longest task, ms"),
  {
    scenario: "latency",
    what: "p50 ÷ bare",
    atMost: 1.15,
    value: (of) => of("latency", "wasmqtt", "p50") / of("latency", "raw", "p50"),
  },
  faster("start", "cold", "mqttjs", 3),
  most("start", "heap", 2 * MIB, "JavaScript heap, bytes"),
  most("memory", "growth", MIB, "bytes more than before"),
];

function rate(scenario, other, atLeast) {
  const value = (of) => of(scenario, "wasmqtt", "rate") / of(scenario, other, "rate");
  return { scenario, what: `rate ÷ ${other === "raw" ? "bare" : "MQTT.js"}`, atLeast, value };
}

function both(scenario, raw, mqttjs) {
  return [rate(scenario, "raw", raw), rate(scenario, "mqttjs", mqttjs)];
}

function cpu(scenario, atMost) {
  const value = (of) => of(scenario, "wasmqtt", "cpu") / of(scenario, "raw", "cpu");
  return { scenario, what: "CPU a message ÷ bare", atMost, value };
}

function faster(scenario, name, other, atLeast) {
  const value = (of) => of(scenario, other, name) / of(scenario, "wasmqtt", name);
  return { scenario, what: "times faster than MQTT.js", atLeast, value };
}

function most(scenario, name, atMost, what) {
  return { scenario, what, atMost, value: (of) => of(scenario, "wasmqtt", name) };
}
