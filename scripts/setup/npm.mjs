// npm packages, exactly as package-lock.json names them.
import fs from "node:fs";
import { at } from "../lib/paths.mjs";
import { must, step } from "../lib/run.mjs";

/** `npm ci`, unless everything the lock file names is already there. */
export async function npmPackages() {
  if (installed()) return undefined;
  return () =>
    step("npm packages", () => must("npm", ["ci", "--no-audit", "--no-fund"], { label: "npm ci" }));
}

/** Compares the lock file with the copy npm keeps of what it installed; that copy is absent after a broken install. */
function installed() {
  const wanted = packages(at("package-lock.json"));
  const present = packages(at("node_modules", ".package-lock.json"));
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(
    ([folder, { version, optional }]) =>
      folder === "" || (present[folder] ? present[folder].version === version : optional),
  );
}

function packages(file) {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")).packages : undefined;
}
