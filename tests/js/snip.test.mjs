import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { withoutFormatting } from "../../scripts/build/snip.mjs";

/** A module with its names; every function returns 7. */
function moduleOf(...names) {
  const module = new binaryen.Module();
  for (const name of names) {
    module.addFunction(name, binaryen.none, binaryen.i32, [], module.i32.const(7));
    module.addFunctionExport(name, name);
  }
  binaryen.setDebugInfo(true);
  return module.emitBinary();
}

test("what formats answers Ok, what else there is stays", async () => {
  const formats = [
    "core[c5930c85a12de822]::fmt::write",
    "<u32 as core[c5930c85a12de822]::fmt::Display>::fmt",
  ];
  const stays = ["core::panicking::panic_fmt", "wasmqtt::client::Client::poll_event"];
  const snipped = withoutFormatting(moduleOf(...formats, ...stays));
  const { instance } = await WebAssembly.instantiate(snipped);
  for (const name of formats) assert.equal(instance.exports[name](), 0, name);
  for (const name of stays) assert.equal(instance.exports[name](), 7, name);
});

test("a module without names, or one that needs formatting, stops the build", () => {
  assert.throws(() => withoutFormatting(moduleOf("12", "13")), /has no names/);
  const user = "alloc[3ca501edff3f0c7c]::fmt::format::format_inner";
  assert.throws(() => withoutFormatting(moduleOf("core::fmt::write", user)), /no means to format/);
});
