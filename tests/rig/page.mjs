// The Node side of the page under test: load it, run functions in it, see what went wrong in it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./rig.mjs";

/** The folders that nginx must serve for `openPage`, given where the package is. */
export function pageFolders(packageFolder) {
  const scripts = temporaryFolder();
  const folders = {
    "/": fileURLToPath(new URL("page", import.meta.url)),
    "/pkg/": packageFolder,
    "/scripts/": scripts.path,
  };
  return { folders, scripts: scripts.path, stop: scripts.stop };
}

/** Wraps a browser's one tab. Resolves with `{ load(path), run(body, ...args), problems() }`. */
export function openPage({ driver, origin, scripts }) {
  let count = 0;
  return {
    /** Loads the page afresh: new memory, no sockets, no state. */
    async load(path = "/index.html") {
      await driver.get(`${origin}${path}`);
      if (!(await driver.executeScript("return typeof rig !== 'undefined'"))) {
        throw new Error(`${path} did not start: a script is missing or was refused`);
      }
    },
    /**
     * Runs `body(context, ...args)` in the page and resolves with what it returns. Arguments and result travel as
     * JSON; the function travels as a module of its own, so that it runs in the page's realm and under its CSP.
     */
    async run(body, ...args) {
      const name = `${++count}.js`;
      writeFileSync(join(scripts, name), `export default ${body};\n`);
      const call = "rig.run(arguments[0], arguments[1]).then(arguments[2])";
      const answer = JSON.parse(
        await driver.executeAsyncScript(call, `/scripts/${name}`, JSON.stringify(args)),
      );
      if (answer.error) throw new Error(`in the page: ${answer.error}`);
      return answer.value;
    },
    /** Uncaught errors, unhandled rejections and policy violations since the last load. */
    problems: () => driver.executeScript("return rig.problems"),
  };
}
