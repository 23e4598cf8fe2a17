// `npm run coverage`: which lines of the core its native tests run, room by room, and every line that they do not.
// Left out: src/web, which exists for wasm32 only and is tested in browsers, and the tests inside of src themselves.
import fs from "node:fs";
import path from "node:path";
import { at, root, toolEnv } from "./lib/paths.mjs";
import { exitWith, Failure, must } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const LEAST_PERCENT = 95;
const LCOV = at(".work", "coverage.lcov");

try {
  await setup("coverage");
  fs.mkdirSync(path.dirname(LCOV), { recursive: true });
  const args = ["llvm-cov", "--lcov", "--output-path", LCOV];
  await must("cargo", args, { env: toolEnv(), label: "cargo llvm-cov" });
  report(parse(fs.readFileSync(LCOV, "utf8")));
} catch (error) {
  exitWith(error);
}

/** For each source file, whether each of its lines with code was run: `[{ file, lines: Map<number, boolean> }]`. */
function parse(lcov) {
  return lcov
    .split("end_of_record\n")
    .filter((record) => record.includes("SF:"))
    .map((record) => {
      const name = record.match(/^SF:(.+)$/m)[1];
      const end = startOfTests(fs.readFileSync(name, "utf8"));
      const lines = new Map();
      for (const [, line, count] of record.matchAll(/^DA:(\d+),(\d+)/gm)) {
        if (Number(line) < end) lines.set(Number(line), Number(count) > 0);
      }
      return { file: path.relative(root, name), lines };
    })
    .filter(({ file }) => file.startsWith(`src${path.sep}`));
}

/** The number of the line where a file's own tests begin. */
function startOfTests(source) {
  const index = source.indexOf("\n#[cfg(test)]\nmod tests {");
  return index < 0 ? Number.POSITIVE_INFINITY : source.slice(0, index + 1).split("\n").length;
}

function report(files) {
  const rooms = new Map();
  for (const { file, lines } of files) {
    const room = file.split(path.sep)[1].replace(/\.rs$/, "");
    const missed = [...lines].filter(([, run]) => !run).map(([line]) => line);
    const figures = rooms.get(room) ?? { all: 0, run: 0, missed: [] };
    figures.all += lines.size;
    figures.run += lines.size - missed.length;
    if (missed.length > 0) figures.missed.push(`${file}: ${ranges(missed)}`);
    rooms.set(room, figures);
  }
  const sum = (key) => [...rooms.values()].reduce((total, figures) => total + figures[key], 0);
  const total = { all: sum("all"), run: sum("run") };
  for (const [room, { missed }] of rooms) {
    for (const line of missed) console.log(`not run  ${room.padEnd(12)} ${line}`);
  }
  console.log(`\n${"room".padEnd(12)} ${"lines".padStart(6)} ${"run".padStart(6)}`);
  for (const [room, figures] of rooms) console.log(row(room, figures));
  console.log(row("together", total));
  if (percent(total) < LEAST_PERCENT) {
    throw new Failure(`the tests run less than ${LEAST_PERCENT} % of the core's lines`);
  }
}

function row(name, figures) {
  const { all, run } = figures;
  return `${name.padEnd(12)} ${String(all).padStart(6)} ${String(run).padStart(6)} ${percent(figures).toFixed(1).padStart(6)} %`;
}

function percent({ all, run }) {
  return (100 * run) / all;
}

/** `[3, 4, 5, 9]` as "3-5, 9". */
function ranges(numbers) {
  const parts = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && last.to + 1 === number) last.to = number;
    else parts.push({ from: number, to: number });
  }
  return parts.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}
