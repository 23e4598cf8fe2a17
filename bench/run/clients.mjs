// The clients, bundled as an application bundles them, and what of them goes over the wire.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { APART, APPLICATION, ON_DEMAND } from "../../scripts/lib/bundling.mjs";
import { at } from "../../scripts/lib/paths.mjs";
import { Failure } from "../../scripts/lib/run.mjs";

const WASM = "wasmqtt_bg.wasm";
const LIGHT = "wasmqtt_light.wasm"; // what clients without a store load, in packages that have it

/** Where the floor takes part: what a frame, a copy and a call cost decides there. */
const BELOW = ["receive", "publish", "routes-exact", "routes-wild", "latency"];

/**
 * In the order of the tables. `take` is what an application imports: the bytes of the rest of the adapter do not count.
 * `ours` is measured as it is in pkg/, if the file it `needs` is there; `npm` is one of others. `highestQos`: what its documentation promises, where that
 * is not all. `isFloor`: no client but a measure, for the scenarios that begin as it says in `parts`.
 */
export const CLIENTS = [
  { id: "raw", name: "bare WebSocket" },
  { id: "wasmqtt", name: "wasmqtt", ours: true, take: 'export { connect } from "wasmqtt"' },
  {
    id: "worker",
    name: "wasmqtt (worker)",
    ours: true,
    needs: "worker.js",
    take: 'export { connect } from "wasmqtt"',
  },
  {
    id: "mqttjs",
    name: "MQTT.js",
    npm: "mqtt",
    take: 'import mqtt from "mqtt"; export const { connect } = mqtt',
  },
  {
    id: "paho",
    name: "Paho",
    npm: "paho-mqtt",
    isLesser: true,
    take: 'export { Client, Message } from "paho-mqtt"',
  },
  {
    id: "u8",
    name: "u8-mqtt",
    npm: "u8-mqtt",
    isLesser: true,
    highestQos: 1,
    take: 'export { mqtt_v4 } from "u8-mqtt"',
  },
  { id: "floor", name: "floor (featureless)", isFloor: true, parts: BELOW },
  { id: "floor-calls", name: "floor, no promises", isFloor: true, parts: ["publish"] },
  { id: "floor-worker", name: "floor (worker)", isFloor: true, parts: ["receive", "publish-qos"] },
];

/** Other entries of this package whose bytes count. */
export const ENTRIES = [
  { id: "inline", name: "wasmqtt/inline", ours: true, take: 'export { connect } from "wasmqtt/inline"' },
];

/**
 * Who takes part: those named, or all, the floor where `withFloor` says so. `against` is the folder of another build of this package: its clients come beside
 * ours as `ID-b`. Without names those of others stay away from that, and from what is only about ours (`isOurs`); where it
 * shall be quick, the lesser ones of them.
 */
export function chooseClients({ against, names, isOurs = false, isQuick = false, withFloor = false } = {}) {
  const folder = against && resolve(against);
  if (folder && !existsSync(join(folder, WASM))) throw new Failure(`no built package in ${folder}`);
  const other = ({ id, name, ...rest }) => ({
    ...rest,
    id: `${id}-b`,
    name: `${name} of ${basename(folder)}`,
    adapter: id,
    folder,
  });
  const isThere = (client) => !client.needs || existsSync(join(packageOf(client), client.needs));
  const all = CLIENTS.flatMap((client) =>
    folder && client.ours ? [client, other(client)] : [client],
  ).filter(isThere);
  const unknown = names?.filter((name) => !all.some(({ id }) => id === name)) ?? [];
  if (unknown.length > 0)
    throw new Failure(`no client ${unknown.join(", ")}: there are ${all.map(({ id }) => id).join(", ")}`);
  if (names) return all.filter(({ id }) => names.includes(id));
  return all.filter(
    ({ npm, isLesser, isFloor }) =>
      !(npm && (folder || isOurs)) && !(isLesser && isQuick) && (withFloor || !isFloor),
  );
}

const packageOf = ({ ours, folder, npm }) =>
  ours ? (folder ?? at("pkg")) : join(at("bench", "node_modules"), npm);

const optionsFor = (client) => ({
  ...APPLICATION,
  ...(client.ours && { alias: { wasmqtt: packageOf(client) } }),
  nodePaths: [at("bench", "node_modules")],
  logLevel: "error",
});

/** Writes a folder for each client into `folder`: its module `main.js`, and what of its package is fetched beside it. */
export async function bundleClients(clients, folder) {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all(
    clients.map((client) => {
      const { id, adapter = id } = client;
      const entryPoints = [{ in: at("bench", "adapters", `${adapter}.js`), out: "main" }];
      return build({ ...optionsFor(client), entryPoints, outdir: join(folder, id) });
    }),
  );
  /** The file of a client's folder with this name: what esbuild wrote, or what it left in the package. */
  return (id, name) => {
    const written = join(folder, id, name);
    const client = clients.find((one) => one.id === id);
    return readFileSync(existsSync(written) || !client?.ours ? written : join(packageOf(client), name));
  };
}

/** Bytes after brotli of what a page downloads for each client, WebAssembly included: `{ client: bytes }`. */
export async function sizes(clients) {
  const list = [...clients, ...ENTRIES]
    .filter(({ take }) => take)
    .map(async (client) => {
      const { outputFiles } = await build({
        ...optionsFor(client),
        stdin: { contents: client.take, resolveDir: at("bench") },
        outdir: at(".work", "bench", "size"),
        write: false,
      });
      // What only some clients load comes later, if ever.
      const files = outputFiles
        .filter(
          ({ path }) => !ON_DEMAND.some((files) => files.test(path)) && (client.needs || !APART.test(path)),
        )
        .map(({ contents }) => contents);
      files.push(...fetched(client).map((file) => readFileSync(file)));
      return [client.id, files.reduce((sum, bytes) => sum + compressed(bytes), 0)];
    });
  return Object.fromEntries(await Promise.all(list));
}

/** The files of the package that its JavaScript loads at the first connection. */
function fetched(client) {
  if (!client.ours || client.id === "inline") return [];
  const file = (name) => join(packageOf(client), name);
  const module = existsSync(file(LIGHT)) ? LIGHT : WASM;
  return [module, client.needs].filter(Boolean).map(file);
}

function compressed(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params }).length;
}

/** The version of each client that was measured. */
export function versions(clients) {
  const of = (client) => JSON.parse(readFileSync(join(packageOf(client), "package.json"), "utf8")).version;
  return Object.fromEntries(clients.filter(({ take }) => take).map((client) => [client.id, of(client)]));
}
