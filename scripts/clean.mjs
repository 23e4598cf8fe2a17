// Deletes what the other scripts made; `--all` also what setup installed (node_modules, .tools).
import fs from "node:fs";
import { at } from "./lib/paths.mjs";

const MADE = ["target", "pkg", ".work", "js/generated", "www-demo/dist"];
const INSTALLED = ["node_modules", "bench/node_modules", ".tools"];

for (const name of process.argv.includes("--all") ? [...MADE, ...INSTALLED] : MADE) {
  fs.rmSync(at(name), { recursive: true, force: true });
}
