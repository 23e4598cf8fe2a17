import assert from "node:assert/strict";
import { test } from "node:test";
import { fromText } from "../../js/src/text.ts";
import { toText } from "../../scripts/build/text.mjs";

const pairs = Uint8Array.from({ length: 2 * 65_536 }, (_, at) => (at % 2 ? at >> 1 : at >> 9));

test("bytes come back from their text, whatever stands beside them", () => {
  assert.deepEqual(fromText(toText(pairs)), pairs);
  assert.deepEqual(fromText(""), new Uint8Array(0));
});

test("the text needs no escapes in a script", () => {
  assert.doesNotMatch(toText(pairs), /[^#-~]|\\/);
});
