import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { answered } from "../../scripts/build/light.mjs";

const QUESTION = "wasmqtt::config::is_whole::h0123456789abcdef";

/** A module whose `ask` exports what the function of this name answers: 7. */
function moduleOf(name) {
  const module = new binaryen.Module();
  module.addFunction(name, binaryen.none, binaryen.i32, [], module.i32.const(7));
  module.addFunction("ask", binaryen.none, binaryen.i32, [], module.call(name, [], binaryen.i32));
  module.addFunctionExport("ask", "ask");
  binaryen.setDebugInfo(true);
  const bytes = module.emitBinary();
  binaryen.setDebugInfo(false);
  return bytes;
}

test("a module learns whether it is whole", async () => {
  for (const isWhole of [true, false]) {
    const { instance } = await WebAssembly.instantiate(answered(moduleOf(QUESTION), isWhole));
    assert.equal(instance.exports.ask(), Number(isWhole));
  }
});

test("a module without the question stops the build", () => {
  assert.throws(() => answered(moduleOf("wasmqtt::config::is_text::h0"), true), /asks 0 functions/);
});
