// Serves the page and the clients over plain HTTP on loopback.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { at } from "../../scripts/lib/paths.mjs";
import { listen } from "../../tests/rig/rig.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** `/clients/TAG/CLIENT/FILE` is what `readClient` answers, whatever the tag: a new one gets past every cache. */
export async function startSite(readClient) {
  const read = (path) => {
    const [, client, file] = /^\/clients\/[^/]+\/([\w.-]+)\/([\w.-]+)$/.exec(path) ?? [];
    if (client) return readClient(client, file);
    return readFileSync(at("bench", "page", path === "/" ? "index.html" : path.replaceAll("/", "")));
  };
  const server = createServer(({ url }, response) => {
    try {
      const path = new URL(url, "http://localhost").pathname;
      const body = read(path);
      response.writeHead(200, {
        "content-type": TYPES[extname(path)] ?? TYPES[".html"],
        "cache-control": path.startsWith("/clients/") ? "max-age=3600" : "no-store",
        // Isolated pages have a clock of 5 µs, others one of 100 µs.
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  const port = await listen(server);
  const stop = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${port}`, stop };
}
