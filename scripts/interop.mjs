// `npm run interop`: the package in Chromium against every broker that can be had here; writes docs/interop.md.
//   npm run interop -- mosquitto nats      only brokers whose names begin so; writes nothing
//   npm run interop -- --record            takes the limits that were met as the declared ones; review the difference
import fs from "node:fs";
import { build } from "./build.mjs";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const PAGE = at("docs", "interop.md");
const MARKS = ["<!-- results: written by npm run interop -->\n", "<!-- end of results -->\n"];

try {
  const words = process.argv.slice(2);
  const record = words.includes("--record");
  const names = words.filter((word) => !word.startsWith("--"));
  await setup("test");
  await build();
  await interop(names, record);
} catch (error) {
  exitWith(error);
}

async function interop(names, record) {
  // Imported only now: they use npm packages that setup has just installed.
  const { brokers } = await import("../tests/interop/brokers/index.mjs");
  const { capabilities } = await import("../tests/interop/page/capabilities.js");
  const { declaredFile, readDeclared, runAll } = await import("../tests/interop/run.mjs");
  const { writeTables } = await import("../tests/interop/table.mjs");

  const chosen = brokers.filter(({ id }) => names.length === 0 || names.some((name) => id.startsWith(name)));
  if (chosen.length === 0)
    throw new Failure(`no such broker. Brokers: ${brokers.map(({ id }) => id).join(", ")}`);
  const { browser, columns, problems } = await runAll(chosen, console.log);
  if (record) for (const column of columns) recordLimits(column, { declaredFile, readDeclared });
  if (names.length === 0) {
    const date = new Date().toISOString().slice(0, 10);
    writePage(writeTables({ date, browser, capabilities, columns }));
  }
  const absent = columns.filter((column) => column.absent);
  console.log(`\n${columns.length - absent.length} brokers run, ${absent.length} not run here`);
  if (problems.length > 0)
    throw new Failure(`${problems.length} differ from what is declared:\n${problems.join("\n")}`);
  process.exit(0);
}

function writePage(results) {
  const text = fs.readFileSync(PAGE, "utf8");
  const [start, end] = MARKS.map((mark) => text.indexOf(mark));
  if (start < 0 || end < start)
    throw new Failure("docs/interop.md has lost the marks between which the results go");
  fs.writeFileSync(PAGE, `${text.slice(0, start + MARKS[0].length)}\n${results}\n${text.slice(end)}`);
}

/** Keeps what was a limit of the broker; what failed here never becomes a declaration. */
function recordLimits({ broker, version, results, absent }, { declaredFile, readDeclared }) {
  if (absent) return;
  const declared = { ...readDeclared(broker), version };
  for (const [level, outcomes] of Object.entries(results)) {
    const limits = Object.entries(outcomes).filter(([, { seen, server }]) => server && seen);
    declared[level] = Object.fromEntries(limits.map(([id, { seen }]) => [id, seen]));
  }
  fs.writeFileSync(declaredFile(broker), `${JSON.stringify(declared, undefined, 2)}\n`);
}
