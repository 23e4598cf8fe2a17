// The interoperability run is on demand; what it declares and how it judges and writes is checked here every time.
import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";
import { at } from "../../scripts/lib/paths.mjs";
import { brokers } from "../interop/brokers/index.mjs";
import { judge, misdeclared } from "../interop/judge.mjs";
import { capabilities } from "../interop/page/capabilities.js";
import { writeTables } from "../interop/table.mjs";

const folder = at("tests", "interop", "declared");
const declaredFor = ({ id }) => JSON.parse(fs.readFileSync(`${folder}/${id}.json`, "utf8"));

test("capabilities have names of their own", () => {
  const ids = capabilities.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)], ids);
  assert.ok(capabilities.every(({ id, title, run }) => id && title && typeof run === "function"));
});

test("every broker has a file of declarations, and every file a broker", () => {
  const names = brokers.map(({ id }) => `${id}.json`);
  assert.deepEqual(fs.readdirSync(folder).sort(), names.sort());
});

for (const broker of brokers) {
  test(`the declarations for ${broker.id} name capabilities and limits`, () => {
    const declared = declaredFor(broker);
    assert.match(declared.version, /^\d+\.\d+/);
    assert.deepEqual(misdeclared(broker, declared, capabilities), []);
  });
}

test("a declaration of something that is no capability is found", () => {
  const declared = { 4: { conect: "no" }, 5: { shared: "" }, notTried: { nothing: "why" } };
  const broker = { versions: [4, 5] };
  assert.equal(misdeclared(broker, declared, capabilities).length, 3);
  assert.equal(misdeclared({ versions: [4] }, { 5: { shared: "x" } }, capabilities).length, 1);
});

test("a limit that is gone, a new one, another one, and a failure are problems; what was declared is not", () => {
  const works = { kind: "works", seen: "" };
  const limit = { kind: "limit", seen: "SUBACK 0x9e" };
  assert.equal(judge(works, undefined).problem, undefined);
  assert.equal(judge(limit, "SUBACK 0x9e").problem, undefined);
  assert.equal(judge(limit, "SUBACK 0x9e").kind, "limit");
  assert.match(judge(works, "SUBACK 0x9e").problem, /works now/);
  assert.match(judge(limit, undefined).problem, /worked before; now: SUBACK 0x9e/);
  assert.equal(judge(limit, "SUBACK 0x8f").kind, "fail");
  assert.match(judge({ kind: "fail", seen: "lost" }, "lost").problem, /failed: lost/);
});

test("the table shows versions apart, numbers equal notes once, and never shows what did not run as passed", () => {
  const both = { name: "One", source: "here", versions: [4, 5] };
  const old = { name: "Two", source: "there", versions: [4] };
  const rows = [
    { id: "a", title: "A", versions: [4, 5] },
    { id: "b", title: "B", versions: [5] },
  ];
  const limit = { kind: "limit", seen: "x | y" };
  const columns = [
    { broker: both, version: "1.0", results: { 4: { a: limit }, 5: { a: { kind: "works" }, b: limit } } },
    { broker: old, version: "2.0", results: { 4: { a: { kind: "fail", seen: "broke" } } } },
    { broker: { ...old, name: "Three" }, absent: "needs cargo" },
  ];
  const text = writeTables({ date: "2026-01-02", browser: "Chromium 1", capabilities: rows, columns });
  assert.equal(
    text,
    `Run on 2026-01-02 in Chromium 1, against:

- One 1.0 (here)
- Two 2.0 (there)
- Three (there): not run here: needs cargo

### MQTT 3.1.1

|  | One 1.0 | Two 2.0 |
| --- | :-: | :-: |
| A | 1 | **FAIL** 2 |

1. x \\| y
2. broke

### MQTT 5.0

|  | One 1.0 |
| --- | :-: |
| A | ✓ |
| B | 1 |

1. x \\| y
`,
  );
});
