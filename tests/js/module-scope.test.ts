import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import vm from "node:vm";
import { build, type Plugin } from "esbuild";

/** The glue is generated and not ours: what it does at import is a matter of the packaging tests. */
const glue: Plugin = {
  name: "glue",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/generated\// }, ({ path: name }) => ({ path: name, namespace: "glue" }));
    onLoad({ filter: /./, namespace: "glue" }, () => ({
      contents:
        "export class MqttEngine {} export const decodeProperties = 0, text = ''; export default () => {};",
    }));
  },
};

async function bundle(entry: string): Promise<string> {
  const file = path.join(import.meta.dirname, "../../js/src/entry", `${entry}.ts`);
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "wasmqtt",
    define: { "import.meta.url": '""' },
    plugins: [glue],
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? assert.fail("no output");
}

for (const entry of ["web", "inline", "slim"]) {
  test(`importing ${entry} touches no global and works where there is almost nothing`, async () => {
    // A bare realm: no window, document, fetch, WebSocket, crypto, timers or AbortController.
    const context = vm.createContext({});
    const before = Object.getOwnPropertyNames(vm.runInContext("globalThis", context));
    const frozen = `for (const name of Object.getOwnPropertyNames(globalThis)) {
      const value = globalThis[name];
      if (typeof value !== "function" && (typeof value !== "object" || value === null)) continue;
      if (value === globalThis) continue;
      Object.freeze(value);
      if (value.prototype) Object.freeze(value.prototype);
    }`;
    vm.runInContext(`"use strict"; ${frozen}`, context);
    vm.runInContext(
      `"use strict"; ${await bundle(entry)}; globalThis.names = Object.keys(wasmqtt).sort().join()`,
      context,
    );
    assert.equal(vm.runInContext("names", context), "MqttError,connect,createClient,init,json");
    const after = Object.getOwnPropertyNames(vm.runInContext("globalThis", context));
    assert.deepEqual(after.filter((name) => !before.includes(name)).sort(), ["names", "wasmqtt"]);
  });
}

test("who only handles errors and payloads gets no engine and no loader", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: 'import { json } from "./js/src/entry/web.ts"; json(1);',
      resolveDir: path.join(import.meta.dirname, "../.."),
    },
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    plugins: [glue],
    logLevel: "error",
  });
  assert.doesNotMatch(outputFiles[0]?.text ?? "", /MqttEngine|WebAssembly\.compile|new URL\("/);
});
