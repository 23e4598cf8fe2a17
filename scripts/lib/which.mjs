// Finds programs without starting a shell.
import fs from "node:fs";
import path from "node:path";

const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"]; // daemons live here, outside a plain user's PATH

/** The full path of a program, or `undefined`. A name with a slash is only tested for existence. */
export function which(name) {
  if (name.includes("/")) return fs.existsSync(name) ? name : undefined;
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}
