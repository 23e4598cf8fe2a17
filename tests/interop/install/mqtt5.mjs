// The broker of the crate mqtt5, built once with the versions of its lock file.
import fs from "node:fs";
import path from "node:path";
import { at, tools } from "../../../scripts/lib/paths.mjs";
import { Failure, must, step } from "../../../scripts/lib/run.mjs";
import { whenChanged } from "../../../scripts/lib/stamp.mjs";
import { which } from "../../../scripts/lib/which.mjs";

const sources = path.join("tests", "interop", "mqtt5");
const inputs = ["Cargo.toml", "Cargo.lock", "src"].map((name) => path.join(sources, name));
const program = path.join(tools, "brokers", "interop-mqtt5");

/** The path of the program. */
export async function mqtt5Program() {
  if (!which("cargo")) throw new Failure("needs cargo");
  const target = path.join(tools, "brokers", "build");
  await whenChanged("interop-mqtt5", { inputs, outputs: [path.relative(at(), program)] }, () =>
    step("the broker of the crate mqtt5 (compiles, five minutes or more)", async () => {
      const args = ["-n", "15", "cargo", "build", "--release", "--locked"];
      const env = { ...process.env, CARGO_TARGET_DIR: target };
      await must("nice", args, { cwd: at(sources), env, label: "mqtt5" });
      fs.copyFileSync(path.join(target, "release", "interop-mqtt5"), program);
      fs.rmSync(target, { recursive: true, force: true });
    }),
  );
  return program;
}
