// The independent client at the other end: mosquitto_pub, mosquitto_sub and mosquitto_rr.
import { execFile, spawn } from "node:child_process";
import { launch } from "./process.mjs";
import { waiters } from "./wait.mjs";

const versions = { 4: "mqttv311", 5: "mqttv5" };
const marker = "MSG";

/**
 * Subscribes with mosquitto_sub and resolves once the broker has acknowledged.
 * `messages` grows as they come (`{ topic, payload, qos, retain }`); `args` are further command-line options.
 */
export async function startSubscriber({ port, version, qos = 2, args = [] }, ...filters) {
  const format = `${marker} %q %r %x %t`;
  const options = ["-d", ...common({ port, version, qos }), "-F", format];
  const topics = filters.flatMap((filter) => ["-t", filter]);
  const messages = [];
  const changes = waiters();
  // Into a pipe it would print in blocks; stdbuf makes every line come at once.
  const child = await launch("stdbuf", ["-oL", "mosquitto_sub", ...options, ...args, ...topics], {
    ready: /^Subscribed \(mid/,
    onLine(line) {
      const found = /^MSG (\d) (\d) ([0-9a-f]*) (.*)$/.exec(line);
      if (!found) return;
      const [, level, retain, payload, topic] = found;
      messages.push({ topic, payload: Buffer.from(payload, "hex"), qos: +level, retain: retain === "1" });
      changes.wake();
    },
  });
  return {
    messages,
    /** Resolves with all messages once there are `count` of them. */
    received: (count) =>
      changes.until(() => messages.length >= count && messages, `message ${count} at the peer`),
    /** Resolves with the first message for which `test` holds. */
    find: (test, what = "the message the peer waits for") => changes.until(() => messages.find(test), what),
    stop: child.stop,
  };
}

/** Publishes one message with mosquitto_pub; resolves when it has been handed over (QoS 0) or acknowledged. */
export function publish({ port, version, qos = 0, retain = false, args = [] }, topic, payload) {
  const how = payload.length === 0 ? ["-n"] : ["-s"];
  return runPublisher({ port, version, qos, retain, args: [...how, ...args] }, topic, payload);
}

/** Publishes each line as one message over a single connection. */
export function publishLines({ port, version, qos = 0 }, topic, lines) {
  return runPublisher({ port, version, qos, retain: false, args: ["-l"] }, topic, `${lines.join("\n")}\n`);
}

/** Asks with mosquitto_rr and resolves with the reply. */
export function request({ port, version, qos = 1 }, topic, responseTopic, payload) {
  const options = [...common({ port, version, qos }), "-W", "15", "-N"];
  const args = [...options, "-t", topic, "-e", responseTopic, "-m", payload];
  return new Promise((resolve, reject) => {
    execFile("mosquitto_rr", args, { timeout: 20_000 }, (error, output, complaint) => {
      if (error) reject(new Error(`mosquitto_rr failed: ${complaint.trim() || error.message}`));
      else resolve(output);
    });
  });
}

/** What every one of Mosquitto's clients is told: the version, where, and the QoS. */
function common({ port, version, qos }) {
  return ["-V", versions[version], "-h", "127.0.0.1", "-p", `${port}`, "-q", `${qos}`];
}

function runPublisher({ port, version, qos, retain, args }, topic, input) {
  const options = [...common({ port, version, qos }), "-t", topic];
  const child = spawn("mosquitto_pub", [...options, ...(retain ? ["-r"] : []), ...args], {
    stdio: ["pipe", "ignore", "pipe"],
    timeout: 20_000,
  });
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  child.stdin.on("error", () => {}); // the exit code tells
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`mosquitto_pub ended with ${code}: ${complaint.trim()}`));
    });
  });
}
