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

const projects = [
  ["types", "the public types allow what they should and refuse the rest"],
  [".", "these tests compile"],
];

for (const [folder = "", name] of projects)
  test(`${name}`, () => {
    const project = path.join(import.meta.dirname, folder);
    const { status, stdout, stderr } = spawnSync(process.execPath, [TSC, "--project", project], {
      encoding: "utf8",
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
