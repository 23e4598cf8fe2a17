// The Node side of the page under test: load it, run functions in it, see what went wrong in it.
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./rig.mjs";
import { PageError } from "./survival.mjs";

/** Where the clients of a page have their engines: on the "page", or each in a "worker". */
export const mode = process.env.WASMQTT_MODE ?? "page";

/** The folders that nginx must serve for `openPage`: among them a copy of the package, which a build may replace. */
export function pageFolders(packageFolder) {
  const folder = temporaryFolder();
  const [scripts, pkg, page] = ["scripts", "pkg", "page"].map((name) => join(folder.path, name));
  mkdirSync(scripts);
  cpSync(packageFolder, pkg, { recursive: true });
  cpSync(fileURLToPath(new URL("page", import.meta.url)), page, { recursive: true });
  if (mode === "worker") copyFileSync(join(page, "in-worker.js"), join(page, "package.js"));
  return { folders: { "/": page, "/pkg/": pkg, "/scripts/": scripts }, scripts, stop: folder.stop };
}

// WebKit's driver may come back before the scripts of the page have run.
const whenLoaded = `
  const [done] = arguments;
  const look = () => done(typeof rig !== "undefined");
  if (document.readyState === "complete") look();
  else addEventListener("load", look);
`;

/** A browser that stays the same, for tests that do without a second chance. */
const lasting = (driver) => ({ ask: (work) => work(driver) });

/**
 * Wraps the one tab of a `browser` that is renewable, or of selenium's `driver` alone. Pages with the same `scripts` need
 * a `name` each.
 * Returns `{ load(path), run(body, ...args), work(body, ...args), problems() }`.
 */
export function openPage({ driver, browser = lasting(driver), origin, scripts, name: prefix = "" }) {
  let count = 0;
  /** Has `rig[how]` run `body` in the page, as a module of its own, so that it runs in its realm and under its CSP. */
  const send = async (how, body, args) => {
    const name = `${prefix}${++count}.js`;
    writeFileSync(join(scripts, name), `export default ${body};\n`);
    const call = `rig.${how}(arguments[0], arguments[1]).then(arguments[2])`;
    const module = `/scripts/${name}`;
    const answer = JSON.parse(
      await browser.ask((driver) => driver.executeAsyncScript(call, module, JSON.stringify(args))),
    );
    if (answer.error) throw new PageError(`in the page: ${answer.error}`);
    return answer.value;
  };
  return {
    /** Loads the page afresh: new memory, no sockets, no state. */
    async load(path = "/index.html") {
      await browser.ask((driver) => driver.get(`${origin}${path}`));
      if (!(await browser.ask((driver) => driver.executeAsyncScript(whenLoaded)))) {
        throw new PageError(`${path} did not start: a script is missing or was refused`);
      }
    },
    /** Runs `body(context, ...args)` in the page and resolves with what it returns. Arguments and result travel as JSON. */
    run: (body, ...args) => send("run", body, args),
    /** The same in a dedicated worker of the page, with a `state` of its own. */
    work: (body, ...args) => send("work", body, args),
    /** Uncaught errors, unhandled rejections and policy violations since the last load. */
    problems: () => browser.ask((driver) => driver.executeScript("return rig.problems")),
  };
}
