// `npm test -- boundary`: who may import whom. The rules are the tables below; ARCHITECTURE.md explains them.
import fs from "node:fs";
import path from "node:path";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { filesBelow } from "./lib/stamp.mjs";

/** Rooms of the crate, each with the rooms it may use. */
const ROOMS = {
  rule: [],
  topic: ["rule"],
  time: [],
  codec: ["rule", "topic"],
  error: ["rule", "codec", "topic"],
  config: ["rule", "codec", "topic", "time", "error"],
  session: ["rule", "codec", "topic", "time", "error", "config"],
  connection: ["rule", "codec", "topic", "time", "error", "config"],
  client: ["rule", "codec", "topic", "time", "error", "config", "session", "connection"],
  fuzzing: ["rule", "codec", "topic", "time", "error", "config", "session", "connection", "client"],
  web: ["rule", "codec", "time", "error", "config", "session", "connection", "client"],
};

/** What only `web` may touch: a core with a clock or a browser in it could not be tested on virtual time. */
const OUTSIDE =
  /\b(web_sys|js_sys|wasm_bindgen\w*|serde_wasm_bindgen|gloo_timers|std::(?:time|net|fs|thread|env))\b/;
const OUTSIDE_ROOM = "web";

/** Text that only the named files below js/src may contain. */
const ONLY_IN = [
  { what: "the WebAssembly glue", pattern: /generated\/wasmqtt\.js"/, files: ["glue.ts"] },
  {
    what: "the glue without externref",
    pattern: /generated\/portable\.js"/,
    files: ["engines/portable.ts"],
  },
  { what: "the module as text", pattern: /generated\/inline\.js"/, files: ["entry/inline.ts"] },
  {
    what: "the address of the .wasm file",
    pattern: /import\.meta/,
    files: ["entry/web.ts", "worker/apart.ts"],
  },
];

/**
 * What is loaded by itself, and what it may import: with an import from what every page loads, both would move to a file of
 * their own, which every page would load.
 */
const APART = {
  "store/": ["store/"],
  "worker/": ["worker/", "inspect/", "intake.ts", "memory.ts", "turns.ts"],
};

/** What knows of mini-programs, and who alone may use it: other entries must not carry it. */
const MINIPROGRAM = "miniprogram/";
const MINIPROGRAM_ENTRY = "entry/miniprogram.ts";

try {
  const problems = [...rust(), ...typescript()];
  if (problems.length > 0) throw new Failure(problems.join("\n"));
  console.log("imports follow the rules");
} catch (error) {
  exitWith(error);
}

function rust() {
  return filesBelow(at("src"))
    .filter((file) => file.endsWith(".rs") && file !== at("src", "lib.rs"))
    .flatMap((file) => {
      const name = path.relative(at("src"), file);
      const room = name.split(path.sep)[0].replace(/\.rs$/, "");
      const code = withoutComments(fs.readFileSync(file, "utf8"));
      return rustProblems(room, code).map((problem) => `src/${name}: ${problem}`);
    });
}

function rustProblems(room, code) {
  const allowed = ROOMS[room];
  if (!allowed) return [`the room "${room}" has no line in the table of scripts/boundary.mjs`];
  const used = new Set(Array.from(code.matchAll(/\bcrate::(\w+)/g), ([, name]) => name));
  const problems = [...used]
    .filter((name) => name !== room && !allowed.includes(name))
    .map((name) => `must not use crate::${name}`);
  if (/\bcrate::\{/.test(code)) problems.push("groups rooms: write one `use crate::room::…` for each");
  const outside = room !== OUTSIDE_ROOM && code.match(OUTSIDE);
  if (outside) problems.push(`must not use ${outside[1]}`);
  if (/\bsuper::super::super::/.test(code)) problems.push("leaves its room through super: write crate::…");
  return problems;
}

function typescript() {
  const sources = filesBelow(at("js", "src")).filter((file) => file.endsWith(".ts"));
  const imports = new Map(sources.map((file) => [file, importsOf(file)]));
  const name = (file) => path.relative(at("js", "src"), file).replaceAll(path.sep, "/");

  const misplaced = sources.flatMap((file) => {
    const code = withoutComments(fs.readFileSync(file, "utf8"));
    const broken = ONLY_IN.filter(({ pattern, files }) => pattern.test(code) && !files.includes(name(file)));
    return broken.map(({ what, files }) => `js/src/${name(file)}: only ${files.join(", ")} may use ${what}`);
  });
  const leaving = sources.flatMap((file) => {
    const [, allowed] = Object.entries(APART).find(([folder]) => name(file).startsWith(folder)) ?? [];
    if (!allowed) return [];
    const outside = imports
      .get(file)
      .map(name)
      .filter((target) => !allowed.some((folder) => target.startsWith(folder)));
    return outside.map((target) => `js/src/${name(file)}: is loaded by itself and must not import ${target}`);
  });
  const entering = sources
    .filter((file) => !name(file).startsWith(MINIPROGRAM) && name(file) !== MINIPROGRAM_ENTRY)
    .flatMap((file) => {
      const inside = imports
        .get(file)
        .map(name)
        .filter((target) => target.startsWith(MINIPROGRAM));
      return inside.map((target) => `js/src/${name(file)}: only ${MINIPROGRAM_ENTRY} may use ${target}`);
    });
  const problems = [...misplaced, ...leaving, ...entering];
  const cycle = findCycle(imports);
  if (cycle) problems.push(`js/src: imports go round in a circle: ${cycle.map(name).join(" → ")}`);
  return problems;
}

/** Files that a file needs at run time; `import type` vanishes and may point anywhere. */
function importsOf(file) {
  const code = withoutComments(fs.readFileSync(file, "utf8"));
  const found = code.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from "(\.[^"]+)"/gm);
  return Array.from(found, ([, target]) => path.resolve(path.dirname(file), target.replace(/\.js$/, ".ts")));
}

function findCycle(imports, file, trail = [], done = new Set()) {
  if (file === undefined) {
    for (const start of imports.keys()) {
      const cycle = findCycle(imports, start, [], done);
      if (cycle) return cycle;
    }
    return undefined;
  }
  if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
  if (done.has(file)) return undefined;
  for (const next of imports.get(file) ?? []) {
    const cycle = findCycle(imports, next, [...trail, file], done);
    if (cycle) return cycle;
  }
  done.add(file);
  return undefined;
}

function withoutComments(code) {
  return code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
