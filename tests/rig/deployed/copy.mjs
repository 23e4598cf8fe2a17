// What is started is what ships in deploy/, but for the values that a machine decides: each is replaced as it stands there.
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at } from "../../../scripts/lib/paths.mjs";

/** The configuration files, with their paths in deploy/. */
export const shipped = (...parts) => at("deploy", ...parts);

/**
 * Copies `deploy/NAME` to `target` and replaces `changes`, pairs of old and new text, in all of its files. A text that
 * is in none of them is an error: the files have changed, and would be started with somebody else's value.
 */
export function copyShipped(name, target, changes) {
  cpSync(shipped(name), target, { recursive: true });
  const files = filesBelow(target).map((path) => ({ path, text: readFileSync(path, "utf8") }));
  for (const [old, replacement] of changes) {
    const having = files.filter(({ text }) => text.includes(old));
    if (having.length === 0) throw new Error(`deploy/${name} no longer has: ${old}`);
    for (const file of having) file.text = file.text.replaceAll(old, () => replacement);
  }
  for (const { path, text } of files) writeFileSync(path, text);
}

/** The lines of `deploy/NAME` that a copy in `target` has otherwise, trimmed. */
export function changedLines(name, target) {
  return filesBelow(shipped(name)).flatMap((path) => {
    const kept = readFileSync(join(target, path.slice(shipped(name).length)), "utf8").split("\n");
    const lines = readFileSync(path, "utf8").split("\n");
    return lines.filter((line) => !kept.includes(line)).map((line) => line.trim());
  });
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
  return entries.filter((path) => statSync(path).isFile()).sort();
}
