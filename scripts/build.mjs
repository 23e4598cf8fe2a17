// `npm run build`: Rust and TypeScript sources in, the npm package in pkg/ out. Does only what changed.
import { buildPackage } from "./build/package.mjs";
import { buildWasm } from "./build/wasm.mjs";
import { withLock } from "./lib/lock.mjs";
import { at, isMain } from "./lib/paths.mjs";
import { exitWith } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

/** Makes js/generated and pkg/ match the sources. */
export async function build() {
  await setup("build");
  await withLock(at(".work", "build.lock"), async () => {
    await buildWasm();
    await buildPackage();
  });
}

if (isMain(import.meta.url)) await build().catch(exitWith);
