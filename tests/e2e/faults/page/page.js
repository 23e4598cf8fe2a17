// The page under faults: clients that publish and receive numbered messages, and tell the test of all that happens.
import * as mqtt from "/pkg/index.js";
import { createInspector } from "/pkg/inspect.js";
import { dice } from "./dice.js";
import { numbered, read } from "./numbered.js";
import { inbound } from "./packets.js";

const LARGEST = 12_000; // bytes of a payload
const PACE_MS = 4;
const PACKETS_KEPT = 300; // for each client, to be told when something went wrong

const wire = new WebSocket(`wss://${location.host}/to/${location.hash.slice(1)}`);
const tell = (...what) => wire.send(JSON.stringify(what));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const runs = [];

const commands = {
  run: (plans) => {
    for (const plan of plans) runs.push(run(plan));
  },
  stop: () => {
    for (const { stop } of runs) stop();
  },
  close: async () => {
    await Promise.all(runs.map(({ close }) => close()));
    tell("closed");
  },
  packets: () => {
    for (const { packets } of runs) packets();
  },
  reload: () => location.reload(),
};
wire.onmessage = ({ data }) => {
  const [command, argument] = JSON.parse(data);
  commands[command](argument);
};
addEventListener("error", ({ message, error }) => tell("problem", `error: ${error?.stack ?? message}`));
addEventListener("unhandledrejection", ({ reason }) =>
  tell("problem", `unhandled: ${reason?.stack ?? reason}`),
);

/** One client. It publishes round after round, a message of each QoS in each, as long as few are unanswered. */
function run({ id, url, options, seed, from, most, early }) {
  const chance = dice(seed);
  const client = mqtt.createClient(url, options);
  let stopping = false;
  let open = 0;

  const seen = [];
  const see = (what) => {
    seen.push([performance.timeOrigin + performance.now(), what]);
    if (seen.length > PACKETS_KEPT) seen.shift();
  };
  let last = {}; // PUBLISH, whose message comes next
  client.on("packet", (packet) => {
    see(packet);
    const { released, ...publish } = inbound(packet);
    if (released) tell("released", id, released);
    if (publish.published) last = publish;
  });
  client.on("state", (state) => tell("state", id, state));
  client.on("error", ({ code }) => tell("error", id, code));
  client.on("disconnect", ({ error }) => tell("disconnect", id, error?.code ?? "no error"));
  client.start().catch(({ code }) => tell("problem", `start: ${code}`));
  const received = ({ topic, payload, qos }) => {
    const n = read(payload);
    see(`got ${topic} ${n}`);
    tell("got", id, topic, qos, n, last);
  };
  client
    .subscribe(`down/${id}/+`, { qos: 2 }, received)
    .then(() => tell("subscribed", id))
    .catch(({ code }) => tell("problem", `subscribe: ${code}`));

  const publish = async (n, qos) => {
    const payload = numbered(n, chance.chance(0.1) ? chance.magnitude(16, LARGEST) : chance.between(0, 200));
    const until = early && qos > 0 && n % 2 === 0 ? { until: "stored" } : {};
    open++;
    see(`publish ${qos} ${n}`);
    tell("started", id, qos, n);
    try {
      const { status } = await client.publish(`up/${id}/${qos}`, payload, { qos, ...until });
      tell("settled", id, qos, n, status);
    } catch (error) {
      tell("failed", id, qos, n, error.code ?? `${error}`);
    }
    open--;
  };
  const round = (n) => {
    for (const qos of [0, 1, 2]) publish(n, qos);
  };
  const quiet = async (limit) => {
    do await pause(PACE_MS);
    while (open > limit);
  };

  const work = async () => {
    let n = from;
    for (; !stopping; n++) {
      round(n);
      await quiet(most);
    }
    await quiet(0);
    round(n); // behind this one, nothing of before can come any more
    await quiet(0);
    tell("idle", id);
  };
  work();
  const stop = () => {
    stopping = true;
  };
  const packets = () => {
    const inspect = createInspector();
    const text = (what) => (typeof what === "string" ? what : JSON.stringify(inspect(what)));
    tell(
      "packets",
      id,
      seen.map(([time, what]) => [time, text(what)]),
    );
  };
  return { stop, packets, close: () => client.close() };
}
