// Sections of a document that a command writes: what is between two marks.
import fs from "node:fs";
import { Failure } from "./run.mjs";

/** Puts `text` between `<!-- name: … -->` and `<!-- end of name -->` in `file`. */
export function writeSection(file, name, text) {
  const page = fs.readFileSync(file, "utf8");
  const start = page.search(new RegExp(`<!-- ${name}: [^\\n]* -->\\n`));
  const end = page.indexOf(`<!-- end of ${name} -->`);
  if (start < 0 || end < start) throw new Failure(`${file} has lost the marks of ${name}`);
  const from = page.indexOf("\n", start) + 1;
  fs.writeFileSync(file, `${page.slice(0, from)}\n${text.trim()}\n\n${page.slice(end)}`);
}
