// Writes what a run found: JSON, Markdown and a plot.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { at } from "../../scripts/lib/paths.mjs";
import { writeSection } from "../../scripts/lib/section.mjs";
import { plot } from "./plot.mjs";
import { tables } from "./tables.mjs";

const KEPT = at(".work", "bench", "results.json");

/** What there is so far, where it outlives a run that is cut off. */
export function keep(run) {
  mkdirSync(dirname(KEPT), { recursive: true });
  writeFileSync(KEPT, `${JSON.stringify(run, undefined, 2)}\n`);
}

/** Below .work/bench, or with `record` in the documentation. Answers the Markdown and where the rest is. */
export function report(run, { record }) {
  const text = tables(run);
  const json = record ? at("docs", "performance.json") : KEPT;
  const image = record ? at("docs", "images", "performance.svg") : at(".work", "bench", "results.svg");
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify(run, undefined, 2)}\n`);
  writeFileSync(image, plot(run));
  if (record) writeSection(at("docs", "performance.md"), "results", text);
  else writeFileSync(at(".work", "bench", "results.md"), `${text}\n`);
  return `${text}\n\nwritten: ${json}, ${image}`;
}
