// The clients, bundled as an application bundles them, and what of them goes over the wire.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { APPLICATION, STORE } from "../../scripts/lib/bundling.mjs";
import { at } from "../../scripts/lib/paths.mjs";

/**
 * In the order of the tables. `take` is what an application imports: the bytes of the rest of the adapter do not count.
 * `highestQos`: what its documentation promises, where that is not all.
 */
export const CLIENTS = [
  { id: "raw", name: "bare WebSocket" },
  { id: "wasmqtt", name: "wasmqtt", take: 'export { connect } from "wasmqtt"' },
  {
    id: "mqttjs",
    name: "MQTT.js",
    npm: "mqtt",
    take: 'import mqtt from "mqtt"; export const { connect } = mqtt',
  },
  { id: "paho", name: "Paho", npm: "paho-mqtt", take: 'export { Client, Message } from "paho-mqtt"' },
  { id: "u8", name: "u8-mqtt", npm: "u8-mqtt", highestQos: 1, take: 'export { mqtt_v4 } from "u8-mqtt"' },
];

const WASM = "wasmqtt_bg.wasm";
const OPTIONS = {
  ...APPLICATION,
  alias: { wasmqtt: at("pkg", "index.js") },
  nodePaths: [at("bench", "node_modules")],
  logLevel: "error",
};

/** Writes one module for each client into `folder`, and the WebAssembly file beside them. */
export async function bundleClients(folder) {
  rmSync(folder, { recursive: true, force: true });
  const entryPoints = CLIENTS.map(({ id }) => at("bench", "adapters", `${id}.js`));
  await build({ ...OPTIONS, entryPoints, outdir: folder });
  return new Map([[WASM, readFileSync(at("pkg", WASM))]]);
}

/** Bytes after brotli of what a page downloads for each client, WebAssembly included: `{ client: bytes }`. */
export async function sizes() {
  const list = CLIENTS.filter(({ take }) => take).map(async ({ id, take }) => {
    const { outputFiles } = await build({
      ...OPTIONS,
      stdin: { contents: take, resolveDir: at("bench") },
      outdir: at(".work", "bench", "size"),
      write: false,
    });
    // What only clients with a store load comes later, if ever.
    const files = outputFiles.filter(({ path }) => !STORE.test(path)).map(({ contents }) => contents);
    if (id === "wasmqtt") files.push(readFileSync(at("pkg", WASM)));
    return [id, files.reduce((sum, bytes) => sum + compressed(bytes), 0)];
  });
  return Object.fromEntries(await Promise.all(list));
}

function compressed(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params }).length;
}

/** The version of each client that was measured. */
export function versions() {
  const of = ({ npm }) => {
    const file = npm ? join(at("bench", "node_modules"), npm, "package.json") : at("pkg", "package.json");
    return JSON.parse(readFileSync(file, "utf8")).version;
  };
  return Object.fromEntries(
    CLIENTS.filter(({ id }) => id !== "raw").map((client) => [client.id, of(client)]),
  );
}
