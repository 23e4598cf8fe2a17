import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";

const TSC = path.join(
  path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin",
  "tsc",
);

test("the public types allow what they should and refuse the rest", () => {
  const project = path.join(import.meta.dirname, "types");
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSC, "--project", project], {
    encoding: "utf8",
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
});
