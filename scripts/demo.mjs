// `npm run demo`: from a fresh checkout to a running page. Everything it needs is installed and built on the way.
import { build } from "./build.mjs";
import { exitWith } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

try {
  await setup("demo");
  await build();
  // Imported only now: the server uses npm packages that setup has just installed.
  const { startDemo } = await import("../www-demo/server/main.mjs");
  await startDemo({ argv: process.argv.slice(2) });
} catch (error) {
  exitWith(error);
}
