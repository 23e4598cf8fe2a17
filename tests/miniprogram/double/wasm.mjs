// WXWebAssembly and TTWebAssembly: modules by path in the code package only, and what the strict engines refuse.
import { brotliDecompressSync } from "node:zlib";

/** Defines the profile's global for WebAssembly in the realm, if it has one. */
export function defineWasm(profile, realm, files) {
  const { wasm } = profile;
  if (!wasm) return;
  if (wasm.global === "WebAssembly") {
    realm.define("WebAssembly", realm.wasm);
    return;
  }

  const failure = (kind, text) => Object.assign(realm.run(`new ${kind}()`), { message: text });

  /** The bytes that a path names; throws what the platform rejects with. */
  async function read(path) {
    if (typeof path !== "string") throw failure("TypeError", `${wasm.global}: the path must be a string`);
    if (!/\.wasm(\.br)?$/.test(path))
      throw failure("Error", `${wasm.global}: not a .wasm or .wasm.br: ${path}`);
    // P: Douyin looks for relative paths beside the page, where no module is.
    const absolute = path.startsWith("/") ? path : wasm.absolute ? `/pages/index/${path}` : `/${path}`;
    const bytes = files[absolute];
    if (bytes === undefined) throw failure("Error", `${wasm.global}: file not found: ${path}`);
    const plain = path.endsWith(".br") ? brotliDecompressSync(bytes) : bytes;
    if (wasm.strict) await refuseModern(plain, failure);
    return plain;
  }

  const { Memory, Table, Module, Instance, CompileError, LinkError, RuntimeError } = realm.wasm;
  const names = { Memory, Table, Module, Instance, CompileError, LinkError, RuntimeError };
  const inRealm = (promise) => new realm.Promise((yes, no) => void promise.then(yes, no));
  const api = {
    ...names,
    instantiate: (path, imports) =>
      inRealm(
        read(path)
          .then((bytes) => realm.wasm.instantiate(bytes, imports))
          .then((source) => (wasm.result === "instance" ? source.instance : source)),
      ),
  };
  if (wasm.global === "TTWebAssembly") {
    Object.assign(api, {
      Global: realm.wasm.Global,
      compile: (path) => inRealm(read(path).then(realm.wasm.compile)),
    });
  }

  realm.define(wasm.global, api);
}

/** What the engines of iOS do not take: exported globals, and anything newer than the first version of the standard. */
async function refuseModern(bytes, failure) {
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.readBinary(new Uint8Array(bytes));
  try {
    const kinds = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ kind }) => kind);
    if (kinds.includes("global")) throw failure("Error", "exported globals are not supported");
    module.setFeatures(binaryen.Features.MVP);
    if (!quietly(() => module.validate()))
      throw failure("Error", "the module uses features that are not supported");
  } finally {
    module.dispose();
  }
}

/** binaryen writes what it finds to the console. */
function quietly(work) {
  const { error, warn, log } = console;
  Object.assign(console, { error() {}, warn() {}, log() {} });
  try {
    return work();
  } finally {
    Object.assign(console, { error, warn, log });
  }
}
