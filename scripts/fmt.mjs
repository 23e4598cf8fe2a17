// Formats every file the formatters know: Rust by rustfmt, the rest by Biome (with its safe lint fixes).
import { toolEnv } from "./lib/paths.mjs";
import { exitWith, must } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

try {
  await setup("build");
  await must("cargo", ["fmt"]);
  await must("biome", ["check", "--write", "--log-level=error"], { env: toolEnv() });
} catch (error) {
  exitWith(error);
}
