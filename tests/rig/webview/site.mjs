// The files of an app that shows web pages, and how it shows them: from the disk, and from an origin of its own.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ensureCertificates } from "../../../scripts/certs.mjs";
import { at } from "../../../scripts/lib/paths.mjs";
import { listen, temporaryFolder } from "../rig.mjs";

const PAGE = at("tests", "rig", "webview", "page.js");

/** Writes an app: `script.html` with one classic script, `modules.html` with modules and a copy of the package. */
export async function writeApp() {
  const folder = temporaryFolder();
  const file = (name) => join(folder.path, name);
  cpSync(at("pkg"), file("pkg"), { recursive: true });
  cpSync(PAGE, file("page.js"));
  mkdirSync(file("source"));
  // One script for a page that may load no module: wasmqtt/inline and wasmqtt/js in it.
  writeFileSync(
    file("source/app.js"),
    `import * as page from ${JSON.stringify(PAGE)};
     import * as inline from ${JSON.stringify(at("pkg", "inline.js"))};
     import * as js from ${JSON.stringify(at("pkg", "js.js"))};
     globalThis.app = { page, inline, js };`,
  );
  await build({
    entryPoints: [file("source/app.js")],
    outfile: file("app.js"),
    bundle: true,
    format: "iife",
    logLevel: "error", // it warns of a worker that classic scripts do not have
  });
  const html = (head) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${head}`;
  writeFileSync(file("script.html"), html(`<script src="app.js"></script>`));
  const modules = `import * as page from "./page.js"; import * as web from "./pkg/index.js"; globalThis.app = { page, web };`;
  writeFileSync(file("modules.html"), html(`<script type="module">${modules}</script>`));
  return { ...folder, url: (name) => pathToFileURL(file(name)).href };
}

/**
 * Serves the files in `folder` over HTTPS as the servers inside apps do: each with the type that its ending says, but
 * WebAssembly as `wasmType`. Resolves with `{ port, ca, stop() }`.
 */
export async function serveApp(folder, wasmType) {
  const certificates = temporaryFolder();
  const { ca, cert, key } = await ensureCertificates(certificates.path);
  const types = { html: "text/html", js: "text/javascript", wasm: wasmType };
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    const path = normalize(new URL(request.url, "https://localhost").pathname);
    try {
      const body = readFileSync(join(folder, path));
      const type = types[path.split(".").at(-1)];
      response.writeHead(200, type ? { "content-type": type } : {}).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  const port = await listen(server);
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await certificates.stop();
  };
  return { port, ca, stop };
}
