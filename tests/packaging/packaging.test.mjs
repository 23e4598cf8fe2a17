// The package as its users get it: packed, unpacked outside this repository, built with their tools, run.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { compile, createConsumer, installBundlers, packPackage, runNode } from "./support/consumer.mjs";
import { openSite } from "./support/site.mjs";

const success = {
  outcome: { status: "acknowledged", message: { built: true }, kept: "stored", state: "closed", typed: true },
  complaints: [],
};
const resolve = createRequire(import.meta.url).resolve;

describe("packaging", { timeout: 300_000 }, () => {
  let packed;
  let site;
  before(async () => {
    await installBundlers();
    packed = await packPackage();
    site = await openSite();
  });
  after(async () => {
    await site?.stop();
    await packed?.stop();
  });

  /** A project made from a fixture, removed after the test. */
  const project = async (t, fixture) => {
    const { path, stop } = await createConsumer(fixture, packed.tarball);
    t.after(stop);
    return path;
  };

  const serveAndVisit = async (t, folder) => {
    const { origin, stop } = await site.serve(folder);
    t.after(stop);
    return site.visit(`${origin}/index.html`);
  };

  it("the tarball has what the exports promise and nothing else", () => {
    const { files, manifest } = packed;
    const promised = Object.values(manifest.exports).flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target),
    );
    for (const target of promised)
      assert.ok(files.includes(target.replace("./", "")), `${target} is missing`);
    const expected =
      /^(package\.json|README\.md|LICENSE[\w-]*|[\w-]+\.js(\.map)?|wasmqtt_(bg|light)\.wasm|types\/.+\.d\.ts|miniprogram(_dist)?\/.+)$/;
    assert.deepEqual(
      files.filter((file) => !expected.test(file)),
      [],
    );
    assert.ok(files.includes("README.md"));
    assert.equal(manifest.name, "wasmqtt");
    assert.equal(manifest.private, undefined);
    assert.equal(manifest.dependencies, undefined);
  });

  it("Vite, production build", async (t) => {
    const { build } = await import("vite");
    const root = await project(t, "vite");
    await build({ root, configFile: false, logLevel: "error" });
    assert.deepEqual(await serveAndVisit(t, join(root, "dist")), success);
  });

  it("Vite, development server", async (t) => {
    const { createServer } = await import("vite");
    const root = await project(t, "vite");
    const proxy = { "/mqtt": { target: `ws://127.0.0.1:${site.bridgePort}`, ws: true } };
    const host = "127.0.0.1";
    const server = await createServer({
      root,
      configFile: false,
      logLevel: "error",
      server: { proxy, host, port: 0 },
    });
    t.after(() => server.close());
    await server.listen();
    const { complaints, outcome } = await site.visit(server.resolvedUrls.local[0]);
    assert.deepEqual({ outcome, complaints }, success);
  });

  it("webpack", async (t) => {
    const { default: webpack } = await import("webpack");
    const context = await project(t, "webpack");
    const path = join(context, "dist");
    const config = { context, mode: "production", entry: "./main.js", output: { path } };
    const stats = await new Promise((done, fail) => {
      webpack(config, (error, stats) => (error ? fail(error) : done(stats)));
    });
    assert.equal(stats.hasErrors(), false, stats.toString());
    copyFileSync(join(context, "index.html"), join(path, "index.html"));
    assert.deepEqual(await serveAndVisit(t, path), success);
  });

  for (const [name, entry] of [
    ["esbuild with the file loader", "main.js"],
    ["esbuild with wasmqtt/inline", "inline.js"],
  ]) {
    it(name, async (t) => {
      const root = await project(t, "esbuild");
      await esbuild.build({
        entryPoints: { main: join(root, entry) },
        outdir: join(root, "dist"),
        bundle: true,
        format: "esm",
        minify: true,
        loader: { ".wasm": "file" },
        logLevel: "silent",
      });
      copyFileSync(join(root, "index.html"), join(root, "dist", "index.html"));
      assert.deepEqual(await serveAndVisit(t, join(root, "dist")), success);
    });
  }

  it("a page without any bundler", async (t) => {
    assert.deepEqual(await serveAndVisit(t, await project(t, "plain")), success);
  });

  for (const entry of ["wasmqtt", "wasmqtt/inline", "wasmqtt/slim", "wasmqtt/js"]) {
    it(`import "${entry}" on a server changes no global and keeps no process alive`, async (t) => {
      const answer = JSON.parse(await runNode(await project(t, "node"), "import.mjs", entry));
      assert.deepEqual(answer.changed, []);
      for (const name of ["connect", "createClient", "init", "json", "MqttError"]) {
        assert.ok(answer.exports.includes(name), `${name} is not exported`);
      }
      assert.ok(!answer.exports.includes("default"), "one way to import");
    });
  }

  it("Node, with the module from a file and a WebSocket of its own", async (t) => {
    const ws = pathToFileURL(resolve("ws").replace(/index\.js$/, "wrapper.mjs")).href;
    const url = `ws://127.0.0.1:${site.bridgePort}/`;
    const output = await runNode(await project(t, "node"), "connect.mjs", url, ws);
    assert.equal(output, "from node\n");
  });

  it("React Native's condition, without WebAssembly", async (t) => {
    const ws = pathToFileURL(resolve("ws").replace(/index\.js$/, "wrapper.mjs")).href;
    const url = `ws://127.0.0.1:${site.bridgePort}/`;
    const folder = await project(t, "node");
    const output = await runNode(folder, "--no-expose-wasm", "-C", "react-native", "without.mjs", url, ws);
    assert.equal(output, "without undefined true\n");
  });

  for (const resolution of ["bundler", "nodenext", "miniprogram"]) {
    it(`TypeScript with tsconfig.${resolution}.json`, async (t) => {
      assert.equal(await compile(await project(t, "typescript"), `tsconfig.${resolution}.json`), "");
    });
  }
});
