// wasmqtt/inspect as a bundler sees it: a file of its own, that costs clients nothing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as esbuild from "esbuild";
import { createConsumer, packPackage, runNode } from "./support/consumer.mjs";

describe("wasmqtt/inspect", { timeout: 120_000 }, () => {
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

  /** The files of the package that get into a bundle of some code. */
  const bundled = async (contents) => {
    const { metafile } = await esbuild.build({
      stdin: { contents, resolveDir: project.path },
      outdir: "out",
      bundle: true,
      format: "esm",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    return Object.keys(metafile.inputs)
      .map((path) => path.split("/wasmqtt/")[1])
      .filter(Boolean);
  };

  it("is one file, without the client", async () => {
    assert.deepEqual(await bundled('export { createInspector } from "wasmqtt/inspect"'), ["inspect.js"]);
  });

  for (const file of ["index.js", "inline.js", "slim.js", "diagnose.js"]) {
    it(`leaves ${file} without chunks that it does not use`, () => {
      const code = readFileSync(join(project.path, "node_modules", "wasmqtt", file), "utf8");
      assert.match(code, /^} from "/m);
      assert.doesNotMatch(code, /^import "/m);
    });
  }

  it("can be imported on a server", async () => {
    const answer = JSON.parse(await runNode(project.path, "import.mjs", "wasmqtt/inspect"));
    assert.deepEqual(answer, { changed: [], exports: ["createInspector"] });
  });
});
