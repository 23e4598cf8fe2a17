import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createPages } from "../../www-demo/server/pages.mjs";

const INFO = { broker: { name: "Test", version: "1" }, wsPath: "/mqtt", simulated: false };
const PAGE = fileURLToPath(new URL("../../www-demo/index.html", import.meta.url));
const explain = async () => [502, "The broker cannot be reached."];
let server;
let folder;

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "wasmqtt-pages-"));
  await writeFile(path.join(folder, "index.js"), "export {};\n");
  await writeFile(path.join(folder, "wasmqtt_bg.wasm"), Buffer.from([0, 0x61, 0x73, 0x6d]));
  server = http
    .createServer(createPages({ info: INFO, explain, packageFolder: folder }))
    .listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
});

/** Sends the path as it is: `fetch` would tidy it up. */
async function get(target, { method = "GET", headers = {} } = {}) {
  const request = http.request({
    host: "127.0.0.1",
    port: server.address().port,
    path: target,
    method,
    headers,
  });
  request.end();
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

const TYPES = [
  ["/", /^text\/html/],
  ["/css/base.css", /^text\/css/],
  ["/src/main.js", /^text\/javascript/],
  ["/pkg/index.js", /^text\/javascript/],
  ["/pkg/wasmqtt_bg.wasm", /^application\/wasm$/],
  ["/demo.json", /^application\/json$/],
];
for (const [target, type] of TYPES) {
  test(`${target} is ${type.source}`, async () => {
    const { status, headers } = await get(target);
    assert.equal(status, 200);
    assert.match(headers["content-type"], type);
    assert.match(headers["content-security-policy"], /frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin");
    assert.match(headers["cache-control"], /no-cache|no-store/);
  });
}

const HIDDEN = [
  "/server/main.mjs",
  "/build.mjs",
  "/README.md",
  "/src/",
  "/src/../server/main.mjs",
  "/src/%2e%2e/server/main.mjs",
  "/../package.json",
  "/pkg/../package.json",
  "/pkg/%2e%2e/package.json",
  "/pkg/..%2fpackage.json",
  "/pkg//etc/passwd",
  "/pkg/",
  "/pkg/%",
  "/src/%00.js",
  "/nothing",
];
for (const target of HIDDEN) {
  test(`${target} is not served`, async () => {
    assert.equal((await get(target)).status, 404);
  });
}

test("demo.json tells which broker is behind the page", async () => {
  assert.deepEqual(JSON.parse((await get("/demo.json?x=1")).body), INFO);
});

test("an unchanged file is answered with 304", async () => {
  const { headers } = await get("/src/main.js");
  assert.equal((await get("/src/main.js", { headers: { "If-None-Match": headers.etag } })).status, 304);
});

test("ranges are ignored, whatever they ask for", async () => {
  const { status, body } = await get("/pkg/index.js", { headers: { Range: "bytes=5-2" } });
  assert.deepEqual([status, body], [200, "export {};\n"]);
});

test("other methods are refused", async () => {
  assert.equal((await get("/", { method: "POST" })).status, 405);
});

test("a plain request for the MQTT path is told what the bridge says", async () => {
  const { status, body } = await get("/mqtt?x=1");
  assert.deepEqual([status, body], [502, "The broker cannot be reached.\n"]);
});

test("page and header have the same policy, and the page has nothing inline", async () => {
  const html = await readFile(PAGE, "utf8");
  const meta = /content="(default-src[^"]+)"/.exec(html)[1];
  const { headers } = await get("/");
  // frame-ancestors means something in the header only.
  assert.equal(headers["content-security-policy"], `${meta}; frame-ancestors 'none'`);
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i);
});
