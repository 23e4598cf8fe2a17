// The platforms' own types, from the packages that their vendors publish, against what the shim calls and expects.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { at } from "../../scripts/lib/paths.mjs";

const TSC = at("node_modules", "typescript", "bin", "tsc");

for (const host of ["wechat", "alipay", "douyin", "uni-app"]) {
  test(`${host} has what the client calls, and not what it does without`, async () => {
    const project = at("tests", "engines", "hosts", `tsconfig.${host}.json`);
    const { stdout } = await promisify(execFile)(process.execPath, [
      TSC,
      "-p",
      project,
      "--pretty",
      "false",
    ]).catch((failure) => failure);
    assert.equal(stdout, "");
  });
}
