// The processes of a browser, which WebDriver does not tell: found by a variable that they inherited.
import { readdirSync, readFileSync } from "node:fs";

/** Living processes whose environment holds `entry` ("NAME=value"), as `{ pid, name }`. Needs Linux; elsewhere none. */
export function processesWith(entry) {
  return directories().flatMap((pid) => {
    const [environment, stat] = [read(pid, "environ"), read(pid, "stat")];
    if (!environment.split("\0").includes(entry)) return [];
    const [, name, state] = /\((.*)\) (\S)/s.exec(stat) ?? [];
    return name === undefined || state === "Z" ? [] : [{ pid: Number(pid), name }];
  });
}

function directories() {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** What the kernel tells of a process; nothing when it has ended meanwhile or belongs to somebody else. */
function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
