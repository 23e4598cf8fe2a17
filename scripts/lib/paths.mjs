// Where things are in the work tree; every script takes its paths from here.
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** A path below the repository root. */
export const at = (...parts) => path.join(root, ...parts);

export const tools = at(".tools");
export const toolsBin = at(".tools", "bin");
export const work = at(".work");

/** The environment with the project's own tools found first. */
export const toolEnv = (extra = {}) => ({
  ...process.env,
  PATH: [toolsBin, at("node_modules", ".bin"), process.env.PATH].join(path.delimiter),
  ...extra,
});

/** Says whether `file` (a module's `import.meta.url`) was started by node itself. */
export const isMain = (url) =>
  process.argv[1] !== undefined && fileURLToPath(url) === path.resolve(process.argv[1]);
