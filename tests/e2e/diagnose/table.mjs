// docs/diagnosis.md and the results it shows: kept in results.json, which the tests of each engine check.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { at } from "../../../scripts/lib/paths.mjs";
import { cases } from "./cases.mjs";

const RESULTS = at("tests", "e2e", "diagnose", "results.json");
const DOCUMENT = at("docs", "diagnosis.md");
const MARKS = ["<!-- results: written by tests/e2e/diagnose -->", "<!-- end of results -->"];
const NAMES = { chromium: "Chromium", firefox: "Firefox", webkit: "WebKit" };
const ENGINES = Object.keys(NAMES);

/** All cases in order, each with a `key` that no other has. */
export const allCases = Object.entries(cases).flatMap(([group, list]) =>
  list.map((one) => ({ ...one, group, key: `${group}: ${one.name}` })),
);

export const readResults = () => (existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : {});

/** What a report and the error of `connect()` came to, without what differs from run to run. */
export function resultOf({ verdict, steps }, { code, layer, hint }, { cause, among }) {
  const place = verdict.checks.findIndex((check) => among?.test(check)) + 1;
  const named = verdict.code === cause && (verdict.certain ? "proven" : place > 0 && "named");
  const seen = steps
    .filter(({ name }) => !["page", "url", "local-network"].includes(name))
    .map(({ name, evidence }) => `${name}: ${stable(evidence)}`);
  const local = steps
    .filter(({ name }) => name === "local-network")
    .map(({ evidence }) => `permission: ${evidence}`);
  return {
    verdict: verdict.code,
    certain: verdict.certain,
    // Named, but with other explanations in the list, is less than proven; only listed is less than named.
    recognised: named || (place > 0 ? "listed" : "no"),
    ...(place > 0 && { place }),
    seen: [...seen, ...local].join("; "),
    ...(code && { alone: { code, layer, hint } }),
  };
}

const stable = (evidence) =>
  evidence
    .replace(/(HTTP \d+),.*/, "$1")
    .replace(/, ping \d+ ms(?=,)/, "") // whether it was answered before the end is a race
    .replace(/, ping \d+ ms/, ", ping answered")
    .replace(/, \d+ messages received.*/, "");

/** Writes the results of one engine, and the document with them. */
export function writeResults(engine, results) {
  const all = readResults();
  for (const [key, result] of Object.entries(results)) all[key] = { ...all[key], [engine]: result };
  const kept = Object.fromEntries(allCases.filter(({ key }) => all[key]).map(({ key }) => [key, all[key]]));
  writeFileSync(RESULTS, `${JSON.stringify(kept, undefined, 2)}\n`);
  writeFileSync(DOCUMENT, withTables(readFileSync(DOCUMENT, "utf8"), kept));
}

/** The document with the tables that belong to these results. */
export function withTables(document, results) {
  const [before, rest] = document.split(MARKS[0]);
  const [, after] = (rest ?? "").split(MARKS[1]);
  if (after === undefined) throw new Error("docs/diagnosis.md has lost the marks around its tables");
  return `${before}${MARKS[0]}\n\n${tables(results)}\n\n${MARKS[1]}${after}`;
}

function tables(results) {
  const figures = ENGINES.flatMap((engine) => {
    const list = allCases.flatMap(({ key }) => results[key]?.[engine] ?? []);
    const count = (kind) => list.filter(({ recognised }) => recognised === kind).length;
    if (list.length === 0) return [];
    return `- ${engine}: recognised ${count("proven") + count("named")} of ${list.length} (${count("proven")} of them proven); only in the list of the report ${count("listed")}; missed ${count("no")}`;
  });
  const groups = Object.keys(cases).map((group) => {
    const rows = allCases
      .filter((one) => one.group === group)
      .flatMap(({ name, key }) => row(name, results[key]));
    return [
      `### ${group}`,
      "",
      "| what is wrong | seen (Chromium) | Chromium | Firefox | WebKit | `connect()` alone |",
      "|---|---|---|---|---|---|",
      ...rows,
    ].join("\n");
  });
  return [figures.join("\n"), ...groups, hints(results)].join("\n\n");
}

function row(name, result = {}) {
  const cells = ENGINES.map((engine) => {
    const one = result[engine];
    if (!one) return "–";
    const marks = { proven: "", named: ` ~${one.place}`, listed: ` (${one.place})`, no: " ✗" };
    return `\`${one.verdict}\`${marks[one.recognised]}`;
  });
  const seen = (result.chromium ?? result.firefox)?.seen || "nothing was sent";
  return `| ${name} | ${seen} | ${cells.join(" | ")} | ${alone(result)} |`;
}

/** The code of the error, with the engines where it is another one than in the first. */
function alone(result) {
  const codes = ENGINES.filter((engine) => result[engine]).map((engine) => ({
    engine,
    code: result[engine].alone ? `\`${result[engine].alone.code}\`` : "connects",
  }));
  const [first] = codes;
  const others = codes.filter(({ code }) => code !== first.code);
  return [first?.code, ...others.map(({ engine, code }) => `${NAMES[engine]}: ${code}`)].join("; ");
}

/** Every error of `connect()` that the cases led to, with its layer and hint. */
function hints(results) {
  const rows = new Map();
  for (const { alone } of Object.values(results).flatMap((result) => Object.values(result))) {
    if (alone) rows.set(`${alone.code} ${alone.hint}`, alone);
  }
  const lines = [...rows.values()].sort((a, b) => (a.code < b.code ? -1 : Number(a.code > b.code)));
  return [
    "### What `connect()` alone says",
    "",
    "| code | layer | hint |",
    "|---|---|---|",
    ...lines.map(({ code, layer, hint }) => `| \`${code}\` | ${layer} | ${hint} |`),
  ].join("\n");
}
