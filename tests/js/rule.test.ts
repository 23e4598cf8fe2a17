// Names of rules cross from the engine as numbers: src/rule.rs makes them, and proves how; here they are spelled again.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ruleName } from "../../js/src/rule.js";

/** What src/rule.rs does. */
function numberOf(name: string): number {
  const [, only311, section, parts = ""] = /^(3\.1\.1 )?(?:(§)|MQTT-)([\d.-]+)$/.exec(name) ?? [];
  const digits = parts.split(/[.-]/).map((part) => Number(part).toString(32));
  return Number.parseInt(digits.join(""), 32) + (section ? 2 ** 25 : 0) + (only311 ? 2 ** 26 : 0);
}

test("every rule that the core names is spelled as it names it", () => {
  const folder = path.join(import.meta.dirname, "../../src");
  const sources = fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.rs$/.test(name));
  const text = sources.map((name) => fs.readFileSync(path.join(folder, name), "utf8")).join("\n");
  const names = new Set(
    [...text.matchAll(/"((?:3\.1\.1 )?(?:MQTT-[\d.]+-\d+|§[1-9][\d.]*))"/g)].map(([, name]) => name),
  );
  assert.ok(names.size > 100, `${names.size} names`);
  for (const name of names) assert.equal(ruleName(numberOf(name ?? "")), name);
});
