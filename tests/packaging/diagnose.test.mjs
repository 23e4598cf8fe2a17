// wasmqtt/diagnose as a bundler sees it: it shares code with the client, and loads the client only when it is needed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as esbuild from "esbuild";
import { createConsumer, packPackage, runNode } from "./support/consumer.mjs";

describe("wasmqtt/diagnose", { timeout: 120_000 }, () => {
  let packed;
  let project;
  before(async () => {
    packed = await packPackage();
    project = await createConsumer("node", packed.tarball);
  });
  after(async () => {
    await project?.stop();
    await packed?.stop();
  });

  /** The files that esbuild makes of some code: `{ file, entryPoint, sources, imports }`. */
  const bundle = async (contents) => {
    const { metafile } = await esbuild.build({
      stdin: { contents, resolveDir: project.path },
      outdir: join(project.path, "out"),
      bundle: true,
      splitting: true,
      format: "esm",
      write: false,
      metafile: true,
      logLevel: "error",
    });
    return Object.entries(metafile.outputs).map(([file, { entryPoint, inputs, imports }]) => ({
      file,
      entryPoint,
      sources: Object.keys(inputs).filter((input) => inputs[input].bytesInOutput > 0),
      imports,
    }));
  };

  it("begins without the client, and fetches it with a dynamic import", async () => {
    const outputs = await bundle('export { diagnose } from "wasmqtt/diagnose"');
    const named = (path) => outputs.find(({ file }) => path.endsWith(file));
    const first = outputs.find(({ entryPoint }) => entryPoint === "<stdin>");
    const atOnce = new Set([first]);
    for (const output of atOnce)
      for (const { kind, path } of output.imports) if (kind === "import-statement") atOnce.add(named(path));
    const later = first.imports
      .filter(({ kind }) => kind === "dynamic-import")
      .map(({ path }) => named(path));
    assert.equal(later.length, 1);
    const loaded = [...atOnce].flatMap(({ sources }) => sources);
    assert.ok(loaded.some((source) => source.endsWith("/diagnose.js")));
    assert.ok(!loaded.some((source) => source.endsWith("/index.js")), "the client must wait");
  });

  it("is in no byte of the client, and the client is there once", async () => {
    const outputs = await bundle(
      'export { diagnose } from "wasmqtt/diagnose"; export { connect } from "wasmqtt"',
    );
    const all = outputs.flatMap(({ sources }) => sources);
    assert.deepEqual(all, [...new Set(all)], "no source may end up in two files");
    const alone = await bundle('export { connect } from "wasmqtt"');
    assert.ok(!alone.some(({ sources }) => sources.some((source) => source.endsWith("/diagnose.js"))));
  });

  it("can be imported on a server", async () => {
    const answer = JSON.parse(await runNode(project.path, "import.mjs", "wasmqtt/diagnose"));
    assert.deepEqual(answer, { changed: [], exports: ["MqttError", "diagnose"] });
  });
});
