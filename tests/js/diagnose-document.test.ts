import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const root = path.join(import.meta.dirname, "../..");

test("docs/diagnosis.md shows the results that the end-to-end tests check", async () => {
  const table = path.join(root, "tests/e2e/diagnose/table.mjs");
  const { allCases, readResults, withTables } = await import(table);
  const document = readFileSync(path.join(root, "docs/diagnosis.md"), "utf8");
  const results = readResults();
  assert.equal(document, withTables(document, results), "WASMQTT_UPDATE=1 writes it anew");
  const keys = allCases.map(({ key }: { key: string }) => key);
  assert.equal(new Set(keys).size, keys.length);
  assert.deepEqual(Object.keys(results).sort(), [...keys].sort(), "a result for each case, and no other");
});
