// What the package brings for mini-programs: no more than their npm builders read, and their engines take.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, test } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { at } from "../../scripts/lib/paths.mjs";

const { parse } = createRequire(import.meta.url)("acorn");
const manifest = JSON.parse(fs.readFileSync(at("pkg", "package.json"), "utf8"));
const folder = at("pkg", manifest.miniprogram);
const read = (name) => fs.readFileSync(path.join(folder, name));
const scripts = fs.readdirSync(folder).filter((name) => name.endsWith(".js"));
const tree = (name) => parse(read(name).toString(), { ecmaVersion: 8, sourceType: "script" });

describe("miniprogram_dist", () => {
  test("holds what the builder of WeChat copies: an index.js, and no file that an upload would drop but types", () => {
    assert.deepEqual(scripts.sort(), ["engine-js.js", "index.js", "miniprogram.js"]);
    const others = fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile());
    const names = others.map(({ name }) => name).filter((name) => !/\.(js|json|br|d\.ts)$/.test(name));
    assert.deepEqual(names, []);
    assert.deepEqual(JSON.parse(read("package.json")), { type: "commonjs" });
  });

  for (const name of scripts) {
    test(`${name} is ES2017 to the parser of WeChat's builder, and requires by literal paths only`, () => {
      const files = [];
      walk(tree(name), (node, parent) => {
        assert.notEqual(node.type, "Import");
        if (node.type !== "Identifier" || node.name !== "require" || isName(node, parent)) return;
        assert.equal(parent.type, "CallExpression", "require has another name");
        assert.equal(parent.arguments[0].type, "Literal");
        files.push(parent.arguments[0].value);
      });
      for (const file of files) assert.ok(scripts.includes(file.replace("./", "")), `${file} is not there`);
      if (name === "index.js") assert.deepEqual(files, ["./engine-js.js"]);
    });

    test(`${name} takes nothing from its surroundings that some mini-program lacks`, () => {
      const foreign = [...freeNames(tree(name))].filter((name) => !EVERYWHERE.has(name));
      assert.deepEqual(
        foreign.filter((name) => !ASKED.has(name)),
        [],
      );
      // These are asked for by typeof first, which no name has to exist for.
      for (const asked of foreign) assert.match(read(name).toString(), new RegExp(`typeof ${asked}\\b`));
    });
  }

  test("the module is of the first WebAssembly, and exports neither globals nor tables", () => {
    const bytes = brotliDecompressSync(read("wasmqtt.wasm.br"));
    assert.deepEqual(bytes, fs.readFileSync(at("pkg", "miniprogram", "wasmqtt.wasm")));
    const kinds = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ kind }) => kind);
    assert.deepEqual([...new Set(kinds)].sort(), ["function", "memory"]);
    assert.ok(isFirst(bytes));
  });

  test("the check on the module notices what is newer", () => {
    const modern = "0061736d 01000000 01050160 00017f 03020100 0705010166 0000 0a07010500 412ac00b"; // i32.extend8_s
    assert.equal(isFirst(Buffer.from(modern.replaceAll(" ", ""), "hex")), false);
  });

  test("both engines run in one process as they are", () => {
    const require = createRequire(path.join(folder, "index.js"));
    assert.equal(typeof require("./miniprogram.js").connect, "function");
    assert.equal(typeof require("./engine-js.js").default, "function");
  });
});

/** Whether a strict engine of 2017 takes it. */
function isFirst(bytes) {
  const program = at("node_modules", "binaryen", "bin", "wasm-opt");
  const { status } = spawnSync(process.execPath, [program, "--mvp-features", "-", "-o", "-"], {
    input: bytes,
  });
  return status === 0;
}

/** Names of the language up to ES2017 without what some platform of the profiles lacks, and of every mini-program. */
const EVERYWHERE = new Set(
  (
    "module exports require arguments undefined NaN Infinity isNaN isFinite parseInt parseFloat encodeURIComponent decodeURIComponent " +
    "Array ArrayBuffer Boolean DataView Date Error Float32Array Float64Array Int16Array Int32Array Int8Array JSON Map Math Number Object " +
    "Promise RangeError Reflect RegExp Set String Symbol TypeError Uint16Array Uint32Array Uint8Array WeakMap WeakSet console setTimeout clearTimeout"
  ).split(" "),
);
/** Names that need not exist. */
const ASKED = new Set(
  "TextEncoder TextDecoder performance queueMicrotask WebSocket FinalizationRegistry WXWebAssembly TTWebAssembly my tt swan qq ks wx uni".split(
    " ",
  ),
);

function walk(node, visit, parent) {
  visit(node, parent);
  for (const [key, value] of Object.entries(node)) {
    if (key === "start" || key === "end") continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child.type === "string") walk(child, visit, node);
    }
  }
}

/** Whether an identifier is the name of a property or a label, not a variable. */
function isName(node, parent) {
  if (parent.type === "MemberExpression") return parent.property === node && !parent.computed;
  if (parent.type === "Property") return parent.key === node && !parent.computed && !parent.shorthand;
  if (parent.type === "MethodDefinition") return parent.key === node && !parent.computed;
  return /^(Labeled|Break|Continue)Statement$/.test(parent.type);
}

/** Names that are used and declared nowhere in the file. Scopes are not told apart: minified names are short. */
function freeNames(program) {
  const used = new Set();
  const declared = new Set();
  const declare = (pattern) =>
    pattern &&
    walk(
      pattern,
      (node, parent) =>
        node.type === "Identifier" && !(parent && isName(node, parent)) && declared.add(node.name),
    );
  walk(program, (node, parent) => {
    if (node.type === "VariableDeclarator" || node.type === "ClassDeclaration") declare(node.id);
    if (/Function/.test(node.type)) [node.id, ...node.params].forEach(declare);
    if (node.type === "ClassExpression") declare(node.id);
    if (node.type === "CatchClause") declare(node.param);
    if (node.type === "Identifier" && !isName(node, parent)) used.add(node.name);
  });
  return new Set([...used].filter((name) => !declared.has(name)));
}
