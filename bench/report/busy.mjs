// Who had the cores while a rate was measured: what limits it.
import { SCENARIOS } from "../run/scenarios.mjs";
import { GOALS } from "./goals.mjs";
import { short } from "./stats.mjs";

const SHOWN = ["raw", "wasmqtt", "worker"];
const PARTS = /^(receive|publish|routes)/;
/** Scenarios whose messages come one in a frame, and how many frames each of them takes. */
const FRAMES = { "receive-qos1": 1, "receive-qos2": 2 };

/** `figure` of `wall` is the time a message took, of the others the CPU time in it. */
export function busy({ clients, machine }, figure) {
  const { cores } = machine.before;
  const shown = clients.filter(({ id }) => SHOWN.includes(id));
  const rows = SCENARIOS.filter(({ id }) => PARTS.test(id)).flatMap(({ id, title }) =>
    shown.flatMap((client) => {
      const of = (name) => figure(id, client.id, name)?.median;
      if (of("wall") === undefined) return [];
      const percent = (name) => (of(name) === undefined ? "–" : Math.round((100 * of(name)) / of("wall")));
      const parts = ["cpu", "io", "all", "network", "server"].map(percent);
      return [[title, client.name, ...parts, Math.round(100 * cores * of("left"))]];
    }),
  );
  if (rows.length === 0) return "";
  const head = ["", "", "main thread", "IO thread", "page in all", "network process", "load server", "idle"];
  const rule = ["---", "---", ...head.slice(2).map(() => "---:")];
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [
    "### Who was busy",
    "",
    `Percent of one core; there are ${cores}.`,
    "",
    ...table,
    "",
    "Main and IO thread are parts of the page's process. A rate is limited by who comes near 100, or by all cores where nothing is idle.",
    ...frames(figure, cores),
  ].join("\n");
}

/** How many frames a second the browser takes, and the goals that ask for more. */
function frames(figure, cores) {
  const of = (name) => figure("receive-256", "raw", name)?.median;
  const [rate, cpu, io, all, network, server] = ["rate", "cpu", "io", "all", "network", "server"].map(of);
  if (all === undefined || rate === undefined) return [];
  const each = all + network + server;
  const parts = [
    `${short(cpu)} µs on the page's thread`,
    ...(io === undefined ? [] : [`${short(io)} on its IO thread`]),
    `${short(Math.max(0, all - cpu - (io ?? 0)))} on others of its process`,
    `${short(network)} in the network process`,
    `${short(server)} in the load server`,
  ];
  const wanted = Object.entries(FRAMES).flatMap(([id, perMessage]) => {
    const { atLeast } = GOALS.find(({ scenario, what }) => scenario === id && what === "rate ÷ MQTT.js");
    const theirs = figure(id, "mqttjs", "rate")?.median;
    if (theirs === undefined) return [];
    const needed = atLeast * theirs * perMessage;
    const title = SCENARIOS.find((scenario) => scenario.id === id).title;
    const reach = needed > rate ? "more than that" : "within that";
    return [`${title} at ${atLeast} × MQTT.js takes ${short(needed)} frames a second, ${reach}`];
  });
  return [
    "",
    `**One packet a frame**: the bare WebSocket took ${short(rate)} frames a second, and did nothing but count them. Each had ${parts.join(", ")}:`,
    `${short(each)} µs of CPU, so that they kept ${short((rate * each) / 1e6)} of ${cores} cores busy, without the rest of the browser.`,
    ...(wanted.length > 0 ? [`What the goals ask for: ${wanted.join("; ")}.`] : []),
  ];
}
