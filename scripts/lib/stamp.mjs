// Decides whether a build step has anything to do, by the content of what goes in and what came out.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { at, root } from "./paths.mjs";

/**
 * Runs `action` unless its inputs and its outputs are, byte for byte, those of the last good run.
 * Inputs and outputs are paths below the root: files, or folders with all that is in them.
 * @returns whether the action ran.
 */
export async function whenChanged(name, { inputs, outputs }, action) {
  const file = at(".work", "stamps", name);
  const state = () => `${digest(inputs)} ${digest(outputs)}\n`;
  if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === state()) return false;
  const before = digest(inputs);
  fs.rmSync(file, { force: true });
  await action();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  // The inputs as they were at the start: an edit made meanwhile must not count as built.
  fs.writeFileSync(file, `${before} ${digest(outputs)}\n`);
  return true;
}

function digest(names) {
  const hash = createHash("sha256");
  for (const name of names) {
    for (const file of filesBelow(at(name))) {
      hash
        .update(`${path.relative(root, file)}\0`)
        .update(createHash("sha256").update(fs.readFileSync(file)).digest());
    }
  }
  return hash.digest("hex");
}

/** Every file below a folder (or the file itself), sorted; nothing for a path that does not exist. */
export function filesBelow(start) {
  const info = fs.statSync(start, { throwIfNoEntry: false });
  if (!info) return [];
  if (!info.isDirectory()) return [start];
  return fs
    .readdirSync(start)
    .sort()
    .flatMap((name) => filesBelow(path.join(start, name)));
}
