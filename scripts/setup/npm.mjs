// npm packages, exactly as the lock files name them.
import fs from "node:fs";
import path from "node:path";
import { at } from "../lib/paths.mjs";
import { must, step } from "../lib/run.mjs";

/** Answers a setup part: `npm ci` in a folder, unless everything its lock file names is already there. */
export const npmPackages =
  (folder = ".") =>
  async () => {
    if (installed(at(folder))) return undefined;
    const title = folder === "." ? "npm packages" : `npm packages of ${folder}`;
    return () =>
      step(title, () => must("npm", ["ci", "--no-audit", "--no-fund"], { cwd: at(folder), label: "npm ci" }));
  };

/** Compares the lock file with the copy npm keeps of what it installed; that copy is absent after a broken install. */
function installed(folder) {
  const wanted = packages(path.join(folder, "package-lock.json"));
  const present = packages(path.join(folder, "node_modules", ".package-lock.json"));
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(
    ([name, { version, optional }]) =>
      name === "" || (present[name] ? present[name].version === version : optional),
  );
}

function packages(file) {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")).packages : undefined;
}
