// `npm run demo`: from a fresh checkout to a running page. Everything it needs is installed and built on the way.
import { HELP, parseOptions } from "../www-demo/server/options.mjs";
import { build } from "./build.mjs";
import { exitWith } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const argv = process.argv.slice(2);

try {
  // A typing error, or --help, need not wait for the build.
  if (parseOptions(argv).help) console.log(HELP);
  else await demo();
} catch (error) {
  exitWith(error);
}

async function demo() {
  await setup("demo");
  await build();
  // Imported only now: the server uses npm packages that setup has just installed.
  const { startDemo } = await import("../www-demo/server/main.mjs");
  await startDemo({ argv });
}
