// Names under which wasm-pack looks for tools that come from elsewhere.
import fs from "node:fs";
import path from "node:path";
import { toolsBin } from "../lib/paths.mjs";
import { which } from "../lib/which.mjs";

const LINKS = [
  { group: "build", name: "wasm-opt", target: () => "../../node_modules/binaryen/bin/wasm-opt" },
  { group: "test", name: "safaridriver", target: () => which("WebKitWebDriver") }, // wasm-pack only knows WebKit as Safari
];

/** Answers a setup part that makes the symbolic links of some groups. */
export const toolLinks =
  (...groups) =>
  async () => {
    const missing = LINKS.filter((link) => groups.includes(link.group) && link.target() && !linked(link));
    if (missing.length === 0) return undefined;
    return () => {
      fs.mkdirSync(toolsBin, { recursive: true });
      for (const { name, target } of missing) {
        fs.rmSync(path.join(toolsBin, name), { force: true });
        fs.symlinkSync(target(), path.join(toolsBin, name));
      }
    };
  };

function linked({ name, target }) {
  try {
    return fs.readlinkSync(path.join(toolsBin, name)) === target();
  } catch {
    return false;
  }
}
