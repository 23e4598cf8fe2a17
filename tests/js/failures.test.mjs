import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { failuresIn, tell } from "../../scripts/test/failures.mjs";

/** What `node --test` prints about a test file with this text. */
function nodeSays(t, text) {
  const folder = mkdtempSync(join(tmpdir(), "wasmqtt-failures-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "some.test.mjs");
  writeFileSync(file, `import { describe, it } from "node:test";\n${text}`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // else it would report to us as to a parent
  return spawnSync(process.execPath, ["--test", "--test-reporter=spec", file], { env, encoding: "utf8" })
    .stdout;
}

test("node: the failing tests, not the suites around them, and their errors without node's own frames", (t) => {
  const output = nodeSays(
    t,
    `describe("suite", () => {
       it("passes", () => {});
       it("throws", () => { throw new Error("the first line\\nthe second"); });
       it("rejects (2ms)", async () => { throw new TypeError("bad"); });
     });`,
  );
  const [thrown, rejected, ...more] = failuresIn("js", output);
  assert.deepEqual(more, []);
  assert.match(thrown.name, /^throws \(.*some\.test\.mjs:4:8\)$/);
  assert.deepEqual(thrown.lines.slice(0, 2), ["Error: the first line", "the second"]);
  assert.match(thrown.lines[2], /some\.test\.mjs:4:/);
  assert.ok(!thrown.lines.some((line) => line.includes("(node:")));
  assert.match(rejected.name, /^rejects \(2ms\) \(/);
  assert.match(rejected.lines[0], /TypeError.*: bad/);
});

test("node: a file that cannot be loaded", (t) => {
  const [{ name, lines }] = failuresIn("js", nodeSays(t, "nonsense;"));
  assert.match(name, /some\.test\.mjs/);
  assert.ok(lines.length > 0);
});

const cargo = `running 2 tests
test bad ... FAILED
test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.21s

failures:

---- part::bad stdout ----
said

thread 'part::bad' (25733) panicked at src/lib.rs:1:76:
assertion \`left == right\` failed: why
  left: 1
 right: 2
stack backtrace:
   0: __rustc::rust_begin_unwind

---- bad2 stdout ----
Error: "no"


failures:
    bad2
    part::bad

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.21s

error: test failed, to rerun pass \`--lib\`
`;

test("cargo: what each failing test printed", () => {
  assert.deepEqual(failuresIn("cargo test", cargo), [
    {
      name: "part::bad",
      lines: [
        "said",
        "",
        "thread 'part::bad' (25733) panicked at src/lib.rs:1:76:",
        "assertion `left == right` failed: why",
        "  left: 1",
        " right: 2",
      ],
    },
    { name: "bad2", lines: ['Error: "no"'] },
  ]);
});

const browser = `
running 1 test
test web::bad ... FAIL

failures:

---- web::bad output ----
    error output:
        panicked at tests/web.rs:10:5:
        explicit panic
    JS exception that was thrown:
        RuntimeError: unreachable

failures:

    web::bad

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 filtered out
`;

test("wasm-pack: the same", () => {
  const [{ name, lines }, ...more] = failuresIn("wasm webkit", browser);
  assert.deepEqual([name, more], ["web::bad", []]);
  assert.equal(lines.at(-1), "        RuntimeError: unreachable");
});

test("anything else: its last lines", () => {
  const output = `${Array.from({ length: 40 }, (_, n) => `line ${n}`).join("\n")}\n\n`;
  const [{ name, lines }] = failuresIn("size", output);
  assert.match(name, /size/);
  assert.deepEqual([lines.length, lines[0], lines.at(-1)], [12, "line 28", "line 39"]);
});

test("what is told is bounded, and says what it leaves out", () => {
  const one = `---- long stdout ----\n${"line\n".repeat(20)}`;
  const text = tell([{ name: "cargo test", output: one.repeat(35) }]);
  assert.equal(text.match(/^\[cargo test\] long$/gm).length, 30);
  assert.equal(text.match(/^ {4}line$/gm).length, 30 * 12);
  assert.equal(text.match(/… 8 more lines above/g).length, 30);
  assert.match(text, /… and 5 more failures, see above$/);
});
