// Files that only some clients load: what they share with the rest, and what is told when one is missing.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type * as source from "../../js/src/client.js";
import type { Load } from "../../js/src/runtime.js";
import { engineOf, fakeGlue } from "./support/fake.js";

type Client = new (...args: ConstructorParameters<typeof source.MqttClient>) => source.MqttClient;

/** The client as a package has it: one file for all pages, and one for each part that only some need. */
async function bundled(context: TestContext) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "wasmqtt-"));
  context.after(() => fs.rmSync(folder, { recursive: true }));
  await build({
    entryPoints: [path.join(import.meta.dirname, "../../js/src/client.ts")],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    outExtension: { ".js": ".mjs" },
    logLevel: "error",
  });
  const client: { MqttClient: Client } = await import(pathToFileURL(path.join(folder, "client.mjs")).href);
  return { folder, files: fs.readdirSync(folder).sort(), ...client };
}

test("parts for some clients share no file with what all load", async (context) => {
  const { folder, files } = await bundled(context);
  assert.deepEqual(
    files.map((name) => name.replace(/-[A-Z0-9]+\.mjs$/, "")),
    ["client.mjs", "outbox", "renewal", "rotation"],
  );
  for (const name of files) {
    const code = fs.readFileSync(path.join(folder, name), "utf8");
    assert.doesNotMatch(code, /^import\b[^(]*from/m, name);
  }
});

test("a missing file is told by the clients that need it, and by no others", async (context) => {
  const { folder, files, MqttClient } = await bundled(context);
  for (const name of files) if (name !== "client.mjs") fs.rmSync(path.join(folder, name));
  const load: Load = async () => fakeGlue();
  const needy = [
    [/script for credentials/, "wss://example.test", { credentials: () => ({ username: "ada" }) }],
    [/script for several URLs/, ["wss://a.test", "wss://b.test"], {}],
    [/script for several URLs/, "wss://example.test", { redirect: { allow: () => undefined } }],
  ] as const;
  for (const [message, url, options] of needy) {
    const client = new MqttClient(load, url, options);
    await assert.rejects(client.start(), {
      code: "wasm-load-failed",
      message,
      hint: /all files/,
      retryable: true,
    });
    const { cause } = (await client.closed) ?? {};
    assert.equal((cause as NodeJS.ErrnoException).code, "ERR_MODULE_NOT_FOUND");
  }

  const glue = fakeGlue();
  const plain = new MqttClient(async () => glue, "wss://example.test", { username: "ada" });
  plain.start().catch(() => {});
  const { username } = await (await engineOf(glue, plain)).host.resolve(1);
  assert.equal(username, "ada");
  await plain.close({ force: true });
});
