// Projects that use the package as it comes from the registry: packed, unpacked, nothing linked.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { at } from "../../../scripts/lib/paths.mjs";
import { temporaryFolder } from "../../rig/rig.mjs";

const execute = promisify(execFile);
const here = fileURLToPath(new URL("..", import.meta.url));

/** Installs the bundlers of this folder's package.json, unless they are there already. */
export async function installBundlers() {
  const installed = join(here, "node_modules", ".package-lock.json");
  const lock = join(here, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log("# installing the bundlers (once) …");
  await execute("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here });
}

/** Packs pkg/ and resolves with `{ tarball, files, manifest, stop() }`. */
export async function packPackage() {
  const folder = temporaryFolder();
  const { stdout } = await execute("npm", ["pack", "--json", "--pack-destination", folder.path], {
    cwd: at("pkg"),
  });
  const answer = JSON.parse(stdout);
  const [{ filename, files }] = Array.isArray(answer) ? answer : Object.values(answer);
  const manifest = JSON.parse(readFileSync(at("pkg", "package.json"), "utf8"));
  const paths = files.map(({ path }) => path).sort();
  return { tarball: join(folder.path, filename), files: paths, manifest, stop: folder.stop };
}

/**
 * A new project outside this repository: the files of one fixture, the shared app, and the unpacked tarball in
 * node_modules. Resolves with `{ path, stop() }`.
 */
export async function createConsumer(fixture, tarball) {
  const folder = temporaryFolder();
  cpSync(join(here, "fixtures", "app"), folder.path, { recursive: true });
  cpSync(join(here, "fixtures", fixture), folder.path, { recursive: true });
  const target = join(folder.path, "node_modules", "wasmqtt");
  mkdirSync(target, { recursive: true });
  await execute("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
  return folder;
}

/** Runs Node on a file of a project; resolves with its standard output, or rejects when it does not end by itself. */
export async function runNode(project, file, ...args) {
  const { stdout } = await execute(process.execPath, [file, ...args], { cwd: project, timeout: 30_000 });
  return stdout;
}

/** Compiles a project; resolves with the compiler's complaints, empty when there are none. */
export async function compile(project, config) {
  try {
    await execute(process.execPath, [
      at("node_modules", "typescript", "bin", "tsc"),
      "-p",
      join(project, config),
    ]);
    return "";
  } catch ({ stdout, stderr }) {
    return `${stdout}${stderr}`;
  }
}
