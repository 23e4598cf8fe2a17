// The results as Markdown.
import { ENTRIES } from "../run/clients.mjs";
import { SCENARIOS } from "../run/scenarios.mjs";
import { busy } from "./busy.mjs";
import { goalsTable } from "./goals-table.mjs";
import { modes } from "./modes.mjs";
import { figuresOf, short } from "./stats.mjs";

const MIB = 1 << 20;
/** Whose figures are divided by whose, where both took part. */
const RATIOS = [
  ["wasmqtt", "raw"],
  ["wasmqtt", "mqttjs"],
  ["wasmqtt", "wasmqtt-b"],
  ["worker", "raw"],
  ["worker", "mqttjs"],
  ["worker", "worker-b"],
];
const IN_FIREFOX_TOO = ["rate", "p50", "cold", "warm"];
const QUIET = 0.5; // load average below which a machine counts as idle

/** Each figure with its tables; `scale` divides, `digits` of what. */
const FIGURES = [
  { name: "rate", title: "Messages a second", ratios: true },
  { name: "cpu", title: "Main-thread CPU a message, µs", ratios: true },
  { name: "all", title: "CPU of all threads of the page's process a message, µs", ratios: true },
  { name: "ms", title: "Offline queue: from `start` to the last settled publish, ms" },
  { name: "longest", title: "Offline queue: longest main-thread task, ms (0: none over 50)" },
  { name: "p50", title: "Round trip, median, ms", ratios: true },
  { name: "p99", title: "Round trip, 99th percentile, ms" },
  { name: "cold", title: "Import to CONNACK, nothing cached, ms" },
  { name: "warm", title: "Import to CONNACK, loaded before, ms" },
  { name: "heap", title: "JavaScript heap at rest, MiB", scale: MIB },
  { name: "wasm", title: "WebAssembly memory, MiB", scale: MIB },
  { name: "growth", title: "JavaScript heap after many messages, KiB more", scale: 1024 },
  { name: "wasmGrowth", title: "WebAssembly memory after many messages, KiB more", scale: 1024 },
];

export function tables(run) {
  const figure = figuresOf(run);
  const parts = [surroundings(run), goalsTable(run, figure), modes(run, figure)];
  for (const one of FIGURES) parts.push(...table(one, run, figure));
  parts.push(busy(run, figure), bytes(run), failures(run), ceiling(run), firefox(run));
  return parts.filter(Boolean).join("\n\n");
}

/** What was measured, with what, and whether it can be believed. */
function surroundings({ date, plan, browser, mosquitto, machine, versions, clients }) {
  const { before, after } = machine;
  const names = clients.filter(({ id }) => versions[id]).map(({ id, name }) => `${name} ${versions[id]}`);
  const load = `load average ${before.load.toFixed(1)} before and ${after.load.toFixed(1)} after`;
  const once = plan.rounds > 1 && !plan.everyone ? ", one for those of others that are slow or lesser" : "";
  const busy =
    before.load > QUIET
      ? `**The machine was busy with other things (${load}): compare within a row, and trust no single figure.**`
      : `The machine was idle before (${load}).`;
  return [
    `${date}, ${browser}, Mosquitto ${mosquitto}, ${before.cores} × ${before.cpu}.`,
    `${names.join(", ")}. Plan "${plan.name}": ${plan.rounds} rounds of ${plan.seconds} s for each client${once}.`,
    busy,
  ].join("\n");
}

/** Medians with the lowest and highest, and where asked for how many times those of others ours are. */
function table({ name, title, ratios = false, scale = 1, level = "###" }, { results, clients: all }, figure) {
  const clients = all.filter(
    ({ id, isFloor }) => !isFloor || SCENARIOS.some((scenario) => figure(scenario.id, id, name)),
  );
  const rows = SCENARIOS.filter(({ id }) => clients.some((client) => figure(id, client.id, name)));
  if (rows.length === 0) return [];
  const compared = ratios
    ? RATIOS.filter((pair) => pair.every((id) => clients.some((one) => one.id === id)))
    : [];
  const head = [
    "",
    ...clients.map((client) => client.name),
    ...compared.map((pair) => ratioName(pair, clients)),
  ];
  const lines = rows.map(({ id, title: scenario }) => {
    const cells = clients.map((client) => cell(figure(id, client.id, name), results[id][client.id], scale));
    const over = ([one, other]) => {
      const [ours, theirs] = [figure(id, one, name)?.median, figure(id, other, name)?.median];
      return ours > 0 && theirs > 0 ? short(ours / theirs) : "–";
    };
    return [scenario, ...cells, ...compared.map(over)];
  });
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = ["---", ...head.slice(1).map(() => "---:")];
  return [`${level} ${title}`, [head, rule, ...lines].map(line).join("\n")];
}

/** The first client needs no name: it is what all of this is about. */
function ratioName([one, other], clients) {
  const name = (id) => (id === "raw" ? "bare" : clients.find((client) => client.id === id).name);
  return one === "wasmqtt" ? `÷ ${name(other)}` : `${name(one)} ÷ ${name(other)}`;
}

function cell(found, outcome, scale) {
  if (!found) return outcome?.error ? "fails" : "–";
  const { median, low, high } = found;
  const spread = low < high ? ` (${short(low / scale)}–${short(high / scale)})` : "";
  return `${short(median / scale)}${spread}`;
}

function bytes({ sizes, clients }) {
  const lines = [...clients, ...ENTRIES]
    .filter(({ id }) => sizes[id])
    .map(({ id, name }) => `| ${name} | ${short(sizes[id])} |`);
  return [
    "### Bytes over the wire, bundled and compressed with brotli",
    "",
    "| | bytes |",
    "| --- | ---: |",
    ...lines,
  ].join("\n");
}

function failures({ results, clients }) {
  const name = (id) => clients.find((client) => client.id === id).name;
  const lines = Object.entries(results).flatMap(([scenario, outcomes]) =>
    Object.entries(outcomes)
      .filter(([, { error }]) => error)
      .map(([client, { error, samples }]) => {
        const rest = samples.length > 0 ? ` (${samples.length} times it went well)` : "";
        return `- ${name(client)}, ${scenario}: ${error}${rest}`;
      }),
  );
  return lines.length > 0 ? ["### What failed", "", ...lines].join("\n") : "";
}

function ceiling({ ceiling }) {
  const lines = Object.entries(ceiling).map(([size, of]) => {
    const cells = [of.sendsAlone, of.sendsPacked, of.takesAlone, of.takesPacked].map(short);
    return `| ${size} B | ${cells.join(" | ")} |`;
  });
  return [
    "### The load server by itself, messages a second",
    "",
    "| | sends, one in a frame | sends packed | takes, one in a frame | takes packed |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...lines,
  ].join("\n");
}

/** The same measurements in another browser, less of them. */
function firefox({ firefox: run }) {
  if (!run) return "";
  const parts = [`### In ${run.browser ?? "Firefox"}`];
  if (run.error) parts.push(`It could not be measured: ${run.error}`);
  else {
    parts.push(
      `${run.plan.rounds} rounds. Firefox does not tell the main thread's time: rates alone say less.`,
    );
    const figure = figuresOf(run);
    for (const one of FIGURES.filter(({ name }) => IN_FIREFOX_TOO.includes(name)))
      parts.push(...table({ ...one, level: "####" }, run, figure));
    parts.push(failures(run).replace(/^#/, "##"));
  }
  return parts.filter(Boolean).join("\n\n");
}
