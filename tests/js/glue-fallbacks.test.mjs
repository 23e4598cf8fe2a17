import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutFallbacks } from "../../scripts/build/fallbacks.mjs";

test("a glue of another shape stops the build", () => {
  assert.throws(() => withoutFallbacks("let wasm;\n"), /nothing like .*encodeInto/);
});
