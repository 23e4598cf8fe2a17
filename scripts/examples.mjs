// `npm run examples`: packs the WeChat example with WeChat's own npm builder, and runs what comes out. That builder is too
// large for every run of `npm test`, where a rule of ours stands in for it (tests/miniprogram/builder.mjs).
import fs from "node:fs";
import path from "node:path";
import { build } from "./build.mjs";
import { at, toolEnv, work } from "./lib/paths.mjs";
import { exitWith, must, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const BUILDER = "miniprogram-ci@2.1.42";
const LIMIT_SECONDS = 15 * 60;

try {
  await setup("test");
  await build();
  const MINIPROGRAM_CI = await installBuilder(path.join(work, "wechat-builder"));
  const args = [
    "--import",
    "tsx",
    "--test",
    "--test-reporter=spec",
    at("tests", "miniprogram", "examples.test.mjs"),
  ];
  const { output } = await must("node", args, { env: toolEnv({ MINIPROGRAM_CI }), label: "examples" });
  console.log(output.trimEnd());
} catch (error) {
  exitWith(error);
}

/** Where it is afterwards. */
async function installBuilder(folder) {
  const installed = path.join(folder, "node_modules", "miniprogram-ci");
  if (fs.existsSync(path.join(installed, "package.json"))) return installed;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "package.json"), '{ "private": true }\n'); // or npm looks further up
  const install = ["install", BUILDER, "--save-exact", "--ignore-scripts", "--no-audit", "--no-fund"];
  const options = { cwd: folder, label: BUILDER, limitSeconds: LIMIT_SECONDS };
  await step(`${BUILDER}, 276 MB`, () => must("npm", install, options));
  return installed;
}
