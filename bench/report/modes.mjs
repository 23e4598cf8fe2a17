// On the page's thread or in a worker: what each costs, for who has to choose.
import { SCENARIOS } from "../run/scenarios.mjs";
import { short } from "./stats.mjs";

const ROWS = [
  "receive-256",
  "receive-256-packed",
  "receive-qos1",
  "receive-qos2",
  "receive-1m",
  "publish-256",
  "publish-qos1",
];

export function modes({ sizes }, figure) {
  const of = (id, client, name) => figure(id, client, name)?.median;
  const rows = ROWS.flatMap((id) => {
    const cells = ["wasmqtt", "worker"].flatMap((client) => [of(id, client, "cpu"), of(id, client, "all")]);
    if (cells.includes(undefined)) return [];
    const { title } = SCENARIOS.find((scenario) => scenario.id === id);
    return [`| ${title} | ${cells.map(short).join(" | ")} |`];
  });
  const pair = (what, unit, page, worker) =>
    page === undefined || worker === undefined
      ? []
      : [`- ${what}: ${short(page)} ${unit}, with the worker ${short(worker)} ${unit}`];
  const both = (id, name) => ["wasmqtt", "worker"].map((client) => of(id, client, name));
  const lines = [
    ...pair("round trip, median", "ms", ...both("latency", "p50")),
    ...pair("import to CONNACK, nothing cached", "ms", ...both("start", "cold")),
    ...pair("import to CONNACK, loaded before", "ms", ...both("start", "warm")),
    ...pair("over the wire", "bytes", sizes.wasmqtt, sizes.worker),
  ];
  if (rows.length === 0) return "";
  return [
    "### Page or worker",
    "",
    "| CPU a message, µs | page: its thread | page: all threads | worker: the page's thread | worker: all threads |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
    ...lines,
  ].join("\n");
}
