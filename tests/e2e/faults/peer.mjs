// The independent client at the other end, over TCP and past all faults: it sends what pages receive, and sees what they sent.
import { connectAsync } from "mqtt";
import { within } from "../../rig/wait.mjs";
import { numbered, read } from "./page/numbered.js";

const AHEAD = 10; // messages that a page has not got yet
const PACE_MS = 5;
const LARGEST = 12_000; // bytes of a payload
const RETURN_MS = 15_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts it. It speaks 3.1.1: Mosquitto 2.0.11 may stop in a burst of QoS 2 over 5.0. Resolves with what it can do. */
export async function startPeer({ port, lanes, chance, problem }) {
  // A session, so that nothing is missed while the broker restarts.
  const options = { protocolVersion: 4, clean: false, reconnectPeriod: 50, keepalive: 0 };
  const connect = (clientId) => connectAsync(`mqtt://127.0.0.1:${port}`, { ...options, clientId });
  const observer = await connect("observer");
  const sender = await connect("sender");
  let holding = 0;
  let under = 0;
  let ended = false;

  // A restarted Mosquitto 2.0.11 repeats what it had already released (PUBREL): on its way to us, under the identifier
  // that it had. What a page publishes twice comes under another one.
  const latest = new Map();
  const repeats = (topic, n, { dup, messageId }) => {
    const again = dup && latest.get(messageId) === `${topic} ${n}`;
    latest.set(messageId, `${topic} ${n}`);
    return again;
  };
  observer.on("message", (topic, payload, packet) => {
    const [, id, level] = topic.split("/").map(Number);
    const n = read(payload);
    if (packet.qos !== level || n === null) problem(`${topic}: ${n} came at QoS ${packet.qos}, or damaged`);
    else if (!repeats(topic, n, packet)) lanes[id].up[level].arrived(n);
  });
  await observer.subscribeAsync("up/#", { qos: 2 });

  const round = (lane) => {
    const n = lane.down[0].next;
    for (const qos of [0, 1, 2]) {
      const book = lane.down[qos];
      const size = chance.chance(0.1) ? chance.magnitude(16, LARGEST) : chance.between(0, 200);
      book.started(n);
      under++;
      sender.publish(`down/${lane.id}/${qos}`, Buffer.from(numbered(n, size)), { qos }, (error) => {
        under--;
        if (error) book.failed(n, error.message);
        else book.promised(n);
      });
    }
  };
  const mayGoOn = ({ down, ready }) =>
    ready && holding === 0 && down.slice(1).every(({ next, newest }) => next - newest <= AHEAD);
  const work = async () => {
    while (!ended) {
      for (const lane of lanes) if (mayGoOn(lane)) round(lane);
      await pause(PACE_MS);
    }
  };
  const working = work();

  return {
    /** Sends nothing new, until `goOn`. */
    hold: () => holding++,
    goOn: () => holding--,
    /**
     * Lets `restart` happen, and resolves when both connections are back. What MQTT.js is given before that, it keeps apart
     * by QoS and lets later messages overtake.
     */
    async over(restart) {
      const returns = (client) => new Promise((resolve) => client.once("connect", resolve));
      const back = Promise.all([observer, sender].map(returns));
      await restart();
      await within(RETURN_MS, back, "the peer was not back");
    },
    /** Whether the broker has answered for everything. */
    idle: () => under === 0,
    /** One more message of each kind for everybody: behind these, nothing of before can come any more. */
    finish() {
      for (const lane of lanes) round(lane);
    },
    async stop() {
      ended = true;
      await working;
      await Promise.all([observer, sender].map((client) => client.endAsync(true)));
    },
  };
}
