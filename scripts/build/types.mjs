// Type declarations of the entries, with every file they lead to and no other.
import fs from "node:fs";
import path from "node:path";
import { at, toolEnv } from "../lib/paths.mjs";
import { Failure, must } from "../lib/run.mjs";

const EMITTED = at(".work", "types");

/** Type-checks js/src and copies the declarations that a user of the entries can reach: `[entries, folder]` each. */
export async function emitTypes(...groups) {
  fs.rmSync(EMITTED, { recursive: true, force: true });
  const args = [
    "--project",
    at("js", "tsconfig.json"),
    "--emitDeclarationOnly",
    "--outDir",
    EMITTED,
    "--pretty",
    "false",
  ];
  await must("tsc", args, { env: toolEnv(), label: "tsc" });

  for (const [entries, outdir] of groups) copyReachable(entries, outdir);
}

function copyReachable(entries, outdir) {
  const sources = at("js", "src");
  const emitted = (file) => path.join(EMITTED, "src", path.relative(sources, file).replace(/\.ts$/, ".d.ts"));
  for (const file of reachable(Object.values(entries).map(emitted))) {
    const target = path.join(outdir, path.relative(path.join(EMITTED, "src"), file));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.copyFileSync(file, target);
  }
}

/** The files themselves and whatever they import, directly or through others. */
function reachable(files, from = "an entry", seen = new Set()) {
  for (const file of files) {
    if (seen.has(file)) continue;
    const name = path.relative(EMITTED, file);
    if (!fs.existsSync(file)) {
      throw new Failure(`the public types of ${from} lead to ${name}, which is not part of the package`);
    }
    seen.add(file);
    reachable(importsOf(file), name, seen);
  }
  return seen;
}

function importsOf(file) {
  const text = fs.readFileSync(file, "utf8");
  const specifiers = text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
  return Array.from(specifiers, ([, specifier]) =>
    path.resolve(path.dirname(file), specifier.replace(/\.js$/, ".d.ts")),
  );
}
