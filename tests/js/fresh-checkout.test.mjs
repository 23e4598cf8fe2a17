// The commands of a fresh checkout install npm packages themselves, so nothing they load before that may need one.
import assert from "node:assert/strict";
import fs from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** npm packages that a file needs as soon as it is loaded, each with the way there. */
function packagesBehind(file, trail = [], seen = new Set()) {
  if (seen.has(file)) return [];
  seen.add(file);
  const way = [...trail, path.relative(root, file)];
  const code = fs.readFileSync(file, "utf8");
  const targets = Array.from(
    code.matchAll(/^(?:import|export)\b[^;]*?["']([^"']+)["'];?$/gm),
    ([, name]) => name,
  );
  return targets.flatMap((name) => {
    if (name.startsWith(".")) return packagesBehind(path.resolve(path.dirname(file), name), way, seen);
    return isBuiltin(name) ? [] : [`${way.join(" → ")} → ${name}`];
  });
}

const { scripts } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
for (const [name, command] of Object.entries(scripts)) {
  test(`npm run ${name} starts without npm packages`, () => {
    const [, file] = /^node (\S+)/.exec(command) ?? assert.fail(`${command} does not start with a script`);
    assert.deepEqual(packagesBehind(path.join(root, file)), []);
  });
}
