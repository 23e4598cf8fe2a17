// Shows what changed between a golden text and a fresh one.
import fs from "node:fs";
import path from "node:path";
import { work } from "./paths.mjs";
import { run } from "./run.mjs";

/** Prints a unified diff; git is there wherever the sources are. */
export async function showDiff(name, before, after) {
  const folder = path.join(work, "diff");
  fs.mkdirSync(folder, { recursive: true });
  const files = { kept: before, fresh: after };
  for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
  const { output } = await run("git", ["diff", "--no-index", "--no-color", "kept", "fresh"], { cwd: folder });
  console.log(`${name}:\n${output.split("\n").slice(4).join("\n")}`);
}
