// Formats every file the formatters know: Rust by rustfmt, the rest by Biome (with its safe lint fixes).
import { exitWith, must } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

try {
  await setup("build");
  await must("cargo", ["fmt"]);
  await must("npx", ["--no-install", "biome", "check", "--write", "--log-level=error"]);
} catch (error) {
  exitWith(error);
}
