import assert from "node:assert/strict";
import { test } from "node:test";
import { renameGlue } from "../../scripts/build/names.mjs";

const GLUE = `let wasm;
export function __wbg_set_wasm(value) { wasm = value; }
export class MqttEngine {}
export function decodeProperties(number) { return wasm.double(number); }
export function __wbg_add_1(left, right) { return left + right; }
`;
const NAMES = {
  imports: [["./glue.js", "__wbg_add_1", "$"]],
  exports: [
    ["double", "b"],
    ["__wbindgen_start", "c"],
    ["memory", "m"],
  ],
};
/** Imports the function `$` of "a"; exports as `b` what adds a number to itself with it, an empty `c`, a memory `m`. */
const MODULE = [
  "0061736d01000000", // magic, version
  "010f0360027f7f017f60017f017f600000", // types
  "020701016101240000", // import
  "0303020102", // functions
  "0503010001", // memory
  "070d030162000101630002016d0200", // exports
  "0a0d0208002000200010000b02000b", // code
].join("");

test("glue and module meet under the short names", async () => {
  const glue = await import(`data:text/javascript,${encodeURIComponent(renameGlue(GLUE, NAMES))}`);
  const module = await WebAssembly.compile(Buffer.from(MODULE, "hex"));
  const [one, other] = await Promise.all([glue.default(module), glue.default(module)]);
  assert.ok(one.memory instanceof WebAssembly.Memory);
  assert.notEqual(one.memory, other.memory, "one module does not get in the way of another");
  assert.equal(one.decodeProperties(21), 42);
});

test("a name that one side lacks stops the build", () => {
  const missing = { ...NAMES, exports: NAMES.exports.slice(1) };
  assert.throws(() => renameGlue(GLUE, missing), /lacks: double$/);
  const foreign = { ...NAMES, imports: [["./glue.js", "__wbg_sub_2", "$"]] };
  assert.throws(() => renameGlue(GLUE, foreign), /lacks imports of the module: __wbg_sub_2$/);
});
