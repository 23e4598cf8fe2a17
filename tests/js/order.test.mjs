import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { orderByLikeness } from "../../scripts/build/order.mjs";

/** A module that exports functions: those that add up their number, and those that multiply it. */
function moduleOf(...names) {
  const module = new binaryen.Module();
  module.addFunctionImport("ask", "host", "ask", binaryen.none, binaryen.i32);
  for (const name of names) {
    const combine = name.startsWith("add") ? module.i32.add : module.i32.mul;
    const terms = [2, 3, 5, 7, Number(name.slice(-1))];
    const start = module.call("ask", [], binaryen.i32);
    const body = terms.reduce((value, term) => combine(value, module.i32.const(term)), start);
    module.addFunction(name, binaryen.none, binaryen.i32, [], body);
    module.addFunctionExport(name, name);
  }
  return module.emitBinary();
}

test("functions that are alike come to lie side by side, and work as before", async () => {
  const names = ["add1", "mul1", "add2", "mul2", "add3", "mul3"];
  const ordered = orderByLikeness(moduleOf(...names));
  const { instance } = await WebAssembly.instantiate(ordered, { host: { ask: () => 1 } });
  for (const name of names) {
    const number = Number(name.slice(-1));
    const expected = name.startsWith("add") ? 18 + number : 210 * number;
    assert.equal(instance.exports[name](), expected, name);
  }
  const module = binaryen.readBinary(ordered);
  const bodies = Array.from({ length: module.getNumFunctions() }, (_, index) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
  )
    .filter(({ base }) => !base)
    .map(({ body }) => binaryen.emitText(body));
  const kinds = bodies.map((text) => (text.includes("i32.add") ? "add" : "mul")).join(" ");
  assert.match(kinds, /^(add add add mul mul mul|mul mul mul add add add)$/);
});
