// What criterion measured of the core, as Markdown.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { machine } from "../run/machine.mjs";
import { short } from "./stats.mjs";

/** Where criterion keeps it below cargo's target folder. */
const KEPT = "criterion";

/** So that nothing of an earlier run is told. */
export function forget(target) {
  rmSync(join(target, KEPT), { recursive: true, force: true });
}

/** Nanoseconds of one packet or message, medians, in the order of their names. */
export function nativeTable(target) {
  const { cpu, cores, load } = machine();
  const rows = found(join(target, KEPT))
    .map((folder) => [read(folder, "benchmark.json"), read(folder, "estimates.json")])
    .map(([{ group_id, function_id, throughput }, { median }]) => {
      const each = (time) => short(time / (throughput?.Elements ?? 1));
      const { lower_bound, upper_bound } = median.confidence_interval;
      return `| ${group_id} | ${function_id} | ${each(median.point_estimate)} | ${each(lower_bound)}–${each(upper_bound)} |`;
    });
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cores} × ${cpu}, load average ${load.toFixed(1)} at the end.`,
    "",
    "| | | ns each | 95 % |",
    "| --- | --- | ---: | ---: |",
    ...rows.sort(),
  ].join("\n");
}

const read = (folder, name) => JSON.parse(readFileSync(join(folder, name), "utf8"));

/** The folders with results. */
function found(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.flatMap(({ name }) => (name === "new" ? [join(folder, name)] : found(join(folder, name))));
}
