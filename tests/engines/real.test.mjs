// The package's own files in engines that have no WebAssembly: connect, subscribe, publish and receive.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { at } from "../../scripts/lib/paths.mjs";

const require = createRequire(import.meta.url);
const read = (...parts) => fs.readFileSync(at(...parts), "utf8");
const file = (name) => read("pkg", "miniprogram_dist", name);

const TOPIC = "héllo/收费站/🛣";
const OUTCOME = {
  engine: "js",
  state: "closed",
  received: [
    [TOPIC, 0, "zero"],
    [TOPIC, 1, "eins 一"],
    [TOPIC, 2, "deux 🛣"],
    [TOPIC, 1, "big"],
  ],
  failures: ["invalid-topic"],
};

/** One script: the files as CommonJS modules, then the test. `index` is index.js in the words of the engine. */
const script = (index) => `
${read("tests", "engines", "real", "timers.js")}
var files = {
  "./index.js": function (require, module, exports) { ${index}\n},
  "./engine-js.js": function (require, module, exports) { ${file("engine-js.js")}\n},
};
function load(name) {
  var module = { exports: {} };
  files[name](load, module, module.exports);
  return module.exports;
}
var library = load("./index.js");
${read("tests", "engines", "real", "smoke.js")}`;

test("QuickJS", { timeout: 120_000 }, async () => {
  const { getQuickJS } = await import("quickjs-emscripten");
  const context = (await getQuickJS()).newContext();
  const run = (code) => context.unwrapResult(context.evalCode(code)).consume(context.dump);
  assert.equal(run("typeof WebAssembly + typeof TextDecoder + typeof setTimeout"), "undefined".repeat(3));
  run(script(file("index.js")));
  for (let turn = 0; turn < 1000 && run("outcome") === undefined; turn++) {
    while (context.unwrapResult(context.runtime.executePendingJobs()) > 0);
    run("tick()");
  }
  assert.deepEqual(JSON.parse(run("outcome")), OUTCOME);
});

/** The Hermes that npm has; its package is optional, as it has programs for some systems only. */
function hermes() {
  const folder = { linux: "linux64-bin", darwin: "osx-bin", win32: "win64-bin" }[process.platform];
  try {
    const program = path.join(
      path.dirname(require.resolve("hermes-engine-cli/package.json")),
      folder,
      "hermes",
    );
    fs.accessSync(program, fs.constants.X_OK);
    return program;
  } catch {
    return undefined;
  }
}

/** Its promises take turns with the tasks of its shell, so a timer waits for longer than any chain of them. */
const HERMES = `var turns = 0;
setImmediate(function turn() {
  if (++turns % 200 === 0) tick();
  if (outcome === undefined) setImmediate(turn);
  else print(outcome);
});`;

const skip = hermes() ? false : "hermes-engine-cli is not installed for this system";
test("Hermes", { timeout: 120_000, skip }, async (t) => {
  // It knows no classes and no async functions: React Native has Babel replace them.
  const { transform } = require("@babel/standalone");
  const options = {
    presets: [["env", { targets: { ie: 11 }, modules: false }]],
    sourceType: "script",
    compact: true,
  };
  const { code } = transform(file("index.js"), options);
  const folder = fs.mkdtempSync(at(".work", "hermes-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const input = path.join(folder, "smoke.js");
  fs.writeFileSync(input, `${script(code)}\n${HERMES}`);
  const { stdout } = await promisify(execFile)(hermes(), ["-w", input], { timeout: 100_000 });
  assert.ok(stdout.startsWith("{"), stdout);
  assert.deepEqual(JSON.parse(stdout), OUTCOME);
});
