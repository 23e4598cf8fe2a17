import path from "node:path";
import { fileURLToPath } from "node:url";
import sirv from "sirv";

const PAGE_FOLDER = fileURLToPath(new URL("..", import.meta.url));
const PACKAGE_FOLDER = fileURLToPath(new URL("../../pkg", import.meta.url));

/** What of the page's folder is public; the server's own modules are not. */
const PUBLIC = /^\/(?:index\.html|(?:src|css)\/[\w-]+\.(?:js|css))$/;

/**
 * Only same-origin scripts and styles, WebAssembly, and MQTT connections to wherever the visitor says; when one of them
 * fails, the diagnosis asks the same server over HTTP.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self' wss: https: ws://localhost:* ws://127.0.0.1:* http://localhost:* http://127.0.0.1:*",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/**
 * The HTTP side of the demo: the page, the built package under /pkg/ and /demo.json.
 *
 * @param {object} options
 * @param {object} options.info what /demo.json answers
 * @param {() => Promise<[status: number, text: string]>} options.explain what a plain GET of the MQTT path is told
 * @param {string} [options.pageFolder] the page's sources, default www-demo/
 * @param {string} [options.packageFolder] the built package, default pkg/
 * @returns {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse) => void}
 */
export function createPages({ info, explain, pageFolder = PAGE_FOLDER, packageFolder = PACKAGE_FOLDER }) {
  const page = sirv(path.resolve(pageFolder), { dev: true, etag: true });
  const pkg = sirv(path.resolve(packageFolder), { dev: true, etag: true, extensions: [] });

  return (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return say(response, 405, "GET or HEAD only.");
    }
    // Whole files only: they are small, and ranges are one more thing to get wrong.
    delete request.headers.range;

    const [pathname] = request.url.split("?", 1);
    if (pathname === "/demo.json") return sendInfo(response, info);
    if (pathname === info.wsPath) return explain().then((answer) => say(response, ...answer));
    if (pathname === "/favicon.ico") return response.writeHead(204).end();
    if (pathname.startsWith("/pkg/")) {
      request.url = pathname.slice("/pkg".length);
      return pkg(request, response, () =>
        say(response, 404, `${pathname} is not there: run "npm run build" first.`),
      );
    }
    request.url = pathname === "/" ? "/index.html" : pathname;
    if (!PUBLIC.test(request.url)) return say(response, 404, "Not found.");
    return page(request, response, () => say(response, 404, "Not found."));
  };
}

function sendInfo(response, info) {
  response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(info));
}

function say(response, status, text) {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" });
  response.end(`${text}\n`);
}
