import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { crateOf, roomOf, sizesOf } from "../../scripts/size/functions.mjs";

test("functions are found with their names and sizes, behind what is imported", () => {
  const module = new binaryen.Module();
  const { none } = binaryen;
  module.addFunctionImport("ask", "host", "ask", none, none);
  module.addFunction("small", none, none, [], module.nop());
  module.addFunction(
    "large",
    none,
    none,
    [],
    module.block(null, Array(100).fill(module.call("ask", [], none))),
  );
  module.addFunctionExport("small", "small");
  module.addFunctionExport("large", "large");
  binaryen.setDebugInfo(true);
  const wasm = module.emitBinary();
  binaryen.setDebugInfo(false);
  const { functions, rest } = sizesOf(wasm);
  // One byte is its length, one says that it has no locals, one ends it.
  assert.deepEqual(functions, [
    { name: "small", bytes: 4 },
    { name: "large", bytes: 2 + 1 + 100 * 2 + 1 },
  ]);
  assert.ok(rest > 8 && rest < wasm.length - 207, `${rest} of ${wasm.length}`);
});

test("a function is of the crate that wrote it, and of a file", () => {
  assert.equal(crateOf("wasmqtt::client::Client::poll_event::h0123456789abcdef"), "wasmqtt");
  assert.equal(
    crateOf("<core[c5930c85a12de822]::option::Option<wasmqtt::error::Error> as core::x>::y"),
    "core",
  );
  assert.equal(crateOf("__wbindgen_malloc"), "(glue)");
  assert.equal(roomOf("wasmqtt::client::Client::poll_event"), "client");
  assert.equal(roomOf("wasmqtt::client::store::<impl wasmqtt::client::Core>::restore"), "client/store");
  assert.equal(roomOf("<wasmqtt::error::Error as core::clone::Clone>::clone"), "error");
});
