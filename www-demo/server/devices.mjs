import { setTimeout as sleep } from "node:timers/promises";
import mqtt from "mqtt";

/** Seed of every run: the same devices tell the same story each time. */
const SEED = 20;
/** A broker that answers no more must not hold up the end of the demo. */
const FAREWELL_MS = 2_000;

/**
 * Starts a handful of simulated devices, each with its own connection, session and will, publishing to `demo/…`.
 *
 * They use MQTT.js, not the library of this project, so that the page talks to somebody else's client.
 *
 * @param {string} url broker URL
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {{ close(): Promise<void> }} `close` also clears what the devices retained
 */
export function startDevices(url, { log = () => {} } = {}) {
  const random = randomFrom(SEED);
  const devices = DEVICES.map((describe) => {
    const device = new Device(url, log);
    Object.assign(device, describe(device, random));
    return device.start();
  });
  return {
    async close() {
      await Promise.all(devices.map((device) => device.close()));
    },
  };
}

const DEVICES = [greenhouse, meter, weather, tank, pump, lamp];

function greenhouse(device, random) {
  const celsius = wander(random, 17, 29);
  const humidity = wander(random, 40, 85);
  const tick = () => {
    const reading = { celsius: celsius(), humidity: humidity() };
    device.publish("demo/greenhouse/climate", reading);
    if (reading.celsius > 24.5 && random() < 0.1) {
      const alarm = { severity: "warning", text: "Vent opens: too warm", celsius: reading.celsius };
      device.publish("demo/greenhouse/alarm", alarm, { qos: 2 });
    }
  };
  return { name: "greenhouse", every: [[1_000, tick]] };
}

function meter(device, random) {
  const watts = wander(random, 200, 3_000, 0);
  const volts = wander(random, 225, 235);
  // The chatty one: 20 messages a second.
  return {
    name: "meter",
    every: [[50, () => device.publish("demo/meter/power", { watts: watts(), volts: volts() })]],
  };
}

function weather(device, random) {
  const hPa = wander(random, 990, 1_035);
  const windMetresPerSecond = wander(random, 0, 14);
  // The slow one: retained, so a page that has just come sees the last report at once.
  const report = () => {
    const reading = { hPa: hPa(), wind: windMetresPerSecond() };
    device.publish("demo/weather/report", reading, { qos: 1, retain: true });
  };
  return { name: "weather", every: [[10_000, report]], onConnect: report, retained: ["demo/weather/report"] };
}

function tank(device, random) {
  let percent = 62;
  let flow = 0.7;
  const tick = () => {
    percent += flow + (random() - 0.5) * 0.3;
    if (percent > 90 || percent < 25) flow = -flow;
    device.publish("demo/tank/level", percent.toFixed(1), { qos: 1 });
  };
  return { name: "tank", every: [[1_500, tick]] };
}

function pump(device, random) {
  const rpm = wander(random, 1_380, 1_520, 0);
  let seconds = 0;
  const tick = () => {
    seconds += 1;
    // Falls off the network now and then: the broker publishes its will, demo/pump/status = offline.
    if (seconds % 45 === 0) return device.vanish(8_000);
    device.publish("demo/pump/speed", { rpm: rpm() });
  };
  return { name: "pump", every: [[1_000, tick]] };
}

function lamp(device) {
  let state = { on: false, brightness: 70 };
  const report = () => device.publish("demo/lamp/state", state, { qos: 1, retain: true });
  return {
    name: "lamp",
    every: [],
    retained: ["demo/lamp/state"],
    onConnect: report,
    commands: {
      "demo/lamp/set": (text) => {
        state = obey(state, text);
        report();
      },
    },
  };
}

/** The lamp takes `on`, `off`, `toggle`, a brightness from 0 to 100, or the JSON it publishes. */
function obey(state, text) {
  const word = text.trim().toLowerCase();
  if (word === "toggle") return { ...state, on: !state.on };
  if (word === "on" || word === "off") return { ...state, on: word === "on" };
  try {
    const value = JSON.parse(word);
    if (typeof value === "number") return { on: value > 0, brightness: clamp(Math.round(value), 0, 100) };
    const brightness = Number.isFinite(value?.brightness)
      ? clamp(value.brightness, 0, 100)
      : state.brightness;
    return { on: typeof value?.on === "boolean" ? value.on : state.on, brightness };
  } catch {
    return state;
  }
}

class Device {
  name = "";
  /** Timers while online: [milliseconds, action]. */
  every = [];
  /** Command topics and what they do. */
  commands = {};
  /** Topics, besides the status, that `close` clears. */
  retained = [];
  onConnect = () => {};

  #url;
  #log;
  #client;
  #timers = [];
  #warned = false;

  constructor(url, log) {
    this.#url = url;
    this.#log = log;
  }

  get #status() {
    return `demo/${this.name}/status`;
  }

  start() {
    this.#client = mqtt.connect(this.#url, {
      clientId: `demo-${this.name}-${process.pid}`,
      protocolVersion: 4,
      keepalive: 20,
      reconnectPeriod: 2_000,
      queueQoSZero: false,
      will: { topic: this.#status, payload: "offline", qos: 1, retain: true },
    });
    this.#client.on("connect", () => this.#online());
    this.#client.on("close", () => this.#stopTimers());
    this.#client.on("message", (topic, payload) => this.commands[topic]?.(payload.toString()));
    this.#client.on("error", (error) => this.#warn(error));
    return this;
  }

  publish(topic, payload, options = {}) {
    if (!this.#client.connected) return;
    const text = typeof payload === "string" ? payload : JSON.stringify(payload);
    this.#client.publish(topic, text, options, () => {});
  }

  /** Drops off the network without a DISCONNECT and comes back after a while. */
  vanish(milliseconds) {
    this.#client.options.reconnectPeriod = milliseconds;
    this.#client.stream.destroy();
  }

  /** Clears what the device retained and says goodbye; a device that is offline just goes. */
  async close() {
    this.#stopTimers();
    if (this.#client.connected) {
      const topics = [this.#status, ...this.retained];
      const cleared = topics.map((topic) => this.#client.publishAsync(topic, "", { qos: 1, retain: true }));
      const farewell = Promise.all(cleared).then(() => this.#client.endAsync());
      await Promise.race([farewell, sleep(FAREWELL_MS, undefined, { ref: false })]).catch(() => {});
    }
    await this.#client.endAsync(true);
  }

  #online() {
    this.#client.options.reconnectPeriod = 2_000;
    this.publish(this.#status, "online", { qos: 1, retain: true });
    const topics = Object.keys(this.commands);
    if (topics.length > 0) this.#client.subscribe(topics, { qos: 1 }, () => {});
    this.onConnect();
    this.#stopTimers();
    this.#timers = this.every.map(([milliseconds, action]) => setInterval(action, milliseconds));
  }

  #stopTimers() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  #warn(error) {
    if (this.#warned) return;
    this.#warned = true;
    this.#log(`Simulated ${this.name}: ${error.code ?? error.message}`);
  }
}

/** A random walk around the middle of a range; each call is the next reading, rounded to `digits`. */
function wander(random, low, high, digits = 1) {
  const middle = (low + high) / 2;
  const step = (high - low) / 60;
  let value = middle;
  let drift = 0;
  return () => {
    drift = drift * 0.9 + (random() - 0.5) * step;
    // Pulled back to the middle, or it would stick to an end of the range.
    value = clamp(value + drift + (middle - value) * 0.03, low, high);
    return Number(value.toFixed(digits));
  };
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** mulberry32: small and even enough for weather. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
