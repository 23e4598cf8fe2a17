// `npm run size -- --functions`: where the bytes of the module come from. Bytes before compression: what a function weighs
// after it depends on all others.
import fs from "node:fs";
import { OPTIONS } from "../build/names.mjs";
import { at, toolEnv } from "../lib/paths.mjs";
import { must } from "../lib/run.mjs";

const OWN = "wasmqtt";
/** What no crate wrote. */
const GLUE = "(glue)";
/** Functions that are listed. */
const LISTED = 60;
/** Options of wasm-opt that take away names. */
const NAMELESS = /strip-debug|minify/;
const SECTION = { custom: 0, import: 2, code: 10, data: 11 };

/** Tables of `[name, bytes, functions]`, the largest first: crates and what is no code, rooms of ours, functions. */
export async function whereBytesAre() {
  const { functions, data, rest } = sizesOf(await named());
  const ours = functions.filter(({ name }) => crateOf(name) === OWN);
  const crates = [...sums(functions, crateOf), ["(data)", data, 0], ["(types, imports, exports)", rest, 0]];
  const single = sums(functions, (name) => name.replace(/::h[0-9a-f]{16}$/, ""));
  return { crates, rooms: sums(ours, roomOf), functions: single.slice(0, LISTED) };
}

/** The module as it is shipped, but with names. */
async function named() {
  const file = at(".work", "size", "named.wasm");
  fs.mkdirSync(at(".work", "size"), { recursive: true });
  const options = OPTIONS.filter((option) => !NAMELESS.test(option));
  const args = [at(".work", "wasm", "snipped.wasm"), "-g", "-o", file, ...options];
  await must("wasm-opt", args, { env: toolEnv() });
  return fs.readFileSync(file);
}

function sums(functions, key) {
  const found = new Map();
  for (const { name, bytes } of functions) {
    const [sum, count] = found.get(key(name)) ?? [0, 0];
    found.set(key(name), [sum + bytes, count + 1]);
  }
  return [...found].map(([name, figures]) => [name, ...figures]).sort(([, a], [, b]) => b - a);
}

/** The crate that a function is of: `core` of `<core::option::Option<wasmqtt::…> as …>::…`. */
export function crateOf(name) {
  return /^[<&]*(?:mut )?(\w+)(?:\[\w+\])?::/.exec(name)?.[1] ?? GLUE;
}

/** The file below src/: `client/store` of `wasmqtt::client::store::<impl wasmqtt::client::Core>::restore`. */
export function roomOf(name) {
  return name
    .slice(name.indexOf("::") + 2)
    .split(/::(?=[<{A-Z])|>| as /)[0]
    .split("::")
    .slice(0, 2)
    .join("/");
}

/** Bytes of each function, of the data, and of all other sections but the names. */
export function sizesOf(wasm) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const text = () => {
    const length = number();
    at += length;
    return Buffer.from(wasm).toString("utf8", at - length, at);
  };
  const times = (count, read) => Array.from({ length: count }, read);

  const names = new Map();
  const sizes = [];
  let imports = 0;
  let data = 0;
  let rest = at;
  while (at < wasm.length) {
    const id = wasm[at++];
    const length = number();
    const end = at + length;
    if (id === SECTION.import) {
      imports = number(); // all of them functions: wasm-bindgen exports memory and tables
    } else if (id === SECTION.code) {
      times(number(), () => {
        const start = at;
        const size = number();
        at += size;
        sizes.push(at - start);
      });
    } else if (id === SECTION.custom && text() === "name") {
      while (at < end) {
        const ofFunctions = wasm[at++] === 1;
        const stop = number() + at;
        if (ofFunctions) times(number(), () => names.set(number(), text()));
        at = stop;
      }
    }
    if (id === SECTION.data) data = length;
    else if (id !== SECTION.custom && id !== SECTION.code) rest += length;
    at = end;
  }
  const functions = sizes.map((bytes, index) => ({ name: names.get(index + imports) ?? "", bytes }));
  return { functions, data, rest };
}
