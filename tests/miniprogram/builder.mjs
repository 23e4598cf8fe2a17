// The rule by which WeChat's npm builder takes a package that has a folder for mini-programs, in a few lines of our own:
// the folder that "miniprogram" of its package.json names is copied as it is, and nothing of it is read. Under
// `npm run examples`, which says in MINIPROGRAM_CI where it is, the builder itself does it.
import fs from "node:fs";
import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";

/** Packs what the project in `folder` depends on into its miniprogram_npm. */
export async function packNpm(folder) {
  const packageJsonPath = join(folder, "package.json");
  const vendor = process.env.MINIPROGRAM_CI;
  if (vendor) {
    const ci = createRequire(import.meta.url)(vendor);
    const { warnList = [] } = await ci.packNpmManually({ packageJsonPath, miniprogramNpmDistDir: folder });
    if (warnList.length > 0) throw new Error(`miniprogram-ci warns: ${JSON.stringify(warnList)}`);
    return;
  }
  const { dependencies } = JSON.parse(fs.readFileSync(packageJsonPath, "utf8"));
  for (const name of Object.keys(dependencies)) {
    const source = join(folder, "node_modules", name);
    const { miniprogram = "miniprogram_dist" } = JSON.parse(
      fs.readFileSync(join(source, "package.json"), "utf8"),
    );
    const from = join(source, miniprogram);
    if (!fs.existsSync(from)) throw new Error(`${name} has no ${miniprogram}, and is not bundled here`);
    fs.cpSync(from, join(folder, "miniprogram_npm", name), { recursive: true });
  }
}

/** What would be uploaded: every file of these kinds outside node_modules, `{ "/path": bytes }`. */
export function codePackage(folder) {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files
      .filter((file) => file.isFile() && UPLOADED.test(file.name))
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => !path.includes(`${sep}node_modules${sep}`))
      .map((path) => [`/${relative(folder, path).split(sep).join("/")}`, fs.readFileSync(path)]),
  );
}

const UPLOADED = /(?<!\.d)\.(js|json|wxml|wxss|wasm|br)$/;
