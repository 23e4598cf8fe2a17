import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { withoutPanicTexts } from "../../scripts/build/snip.mjs";

const HOOK = "wasmqtt::web::fault::report::h0123456789abcdef";
const FORMATS = ["core[c5930c85a12de822]::fmt::write", "<u32 as core[c5930c85a12de822]::fmt::Display>::fmt"];
const PANICS = [
  "__rustc[b7974e8690430dd9]::rust_begin_unwind",
  "core[c5930c85a12de822]::panicking::panic_fmt",
  "core[c5930c85a12de822]::option::unwrap_failed",
  "alloc[3ca501edff3f0c7c]::raw_vec::capacity_overflow",
];
const SET_HOOK = "std[a543996e6e7dbf1e]::panicking::set_hook";
const MACHINERY = "std[a543996e6e7dbf1e]::panicking::panic_with_hook";
const OURS = "wasmqtt::client::Client::poll_event::h42172f842de84016";
const FILE = "src/client/mod.rs\0";
const TEXT = "capacity overflow";
const LOCATION = 1024 + FILE.length + 1 + TEXT.length + 4;

/** A module with its names. Functions return 7, or trap if they return nothing; the hook counts its calls. */
function moduleOf({ returning = [], silent = [] }) {
  const module = new binaryen.Module();
  const add = (name, results, body) => {
    module.addFunction(name, binaryen.none, results, [], body);
    module.addFunctionExport(name, name);
  };
  for (const name of returning) add(name, binaryen.i32, module.i32.const(7));
  for (const name of silent) add(name, binaryen.none, module.unreachable());
  const count = module.i32.load(0, 4, module.i32.const(0), "0");
  const increased = module.i32.add(count, module.i32.const(1));
  if (silent.includes(HOOK)) {
    module.removeFunction(HOOK);
    module.addFunction(
      HOOK,
      binaryen.none,
      binaryen.none,
      [],
      module.i32.store(0, 4, module.i32.const(0), increased, "0"),
    );
  }
  const location = Buffer.alloc(4 * 6);
  for (const [at, word] of [1024, FILE.length - 1, 61, 9, 1024, 5].entries())
    location.writeUInt32LE(word, at * 4);
  const data = Buffer.concat([Buffer.from(`${FILE}.${TEXT}....`), location]);
  module.setMemory(1, 1, "memory", [{ offset: module.i32.const(1024), data }], false, false, "0");
  binaryen.setDebugInfo(true);
  return module.emitBinary();
}

const WHOLE = { returning: [...FORMATS, OURS], silent: [HOOK, SET_HOOK, MACHINERY, ...PANICS] };

async function snipped() {
  const { instance } = await WebAssembly.instantiate(withoutPanicTexts(moduleOf(WHOLE)));
  return instance.exports;
}

test("what formats answers Ok, what sets the hook does nothing, what is ours stays", async () => {
  const exports = await snipped();
  for (const name of FORMATS) assert.equal(exports[name](), 0, name);
  exports[SET_HOOK]();
  assert.equal(exports[OURS](), 7);
});

test("each panic tells the hook, then traps", async () => {
  const exports = await snipped();
  const told = () => new Uint32Array(exports.memory.buffer)[0];
  for (const [index, name] of PANICS.entries()) {
    assert.throws(() => exports[name](), WebAssembly.RuntimeError, name);
    assert.equal(told(), index + 1, name);
  }
  assert.throws(() => exports[MACHINERY](), WebAssembly.RuntimeError);
  assert.equal(told(), PANICS.length);
});

test("places and texts are gone, what lies beside them stays", async () => {
  const { memory } = await snipped();
  const text = Buffer.from(memory.buffer).toString("latin1", 1024, LOCATION);
  assert.equal(text, `${"\0".repeat(FILE.length)}.${"\0".repeat(TEXT.length)}....`);
  const words = Array.from(new Uint32Array(memory.buffer, LOCATION, 6));
  assert.deepEqual(words, [0, 0, 0, 0, 1024, 5]);
});

test("a module of another shape stops the build", () => {
  assert.throws(() => withoutPanicTexts(moduleOf({ returning: ["12"], silent: ["13"] })), /has no names/);
  const user = "alloc[3ca501edff3f0c7c]::fmt::format::format_inner";
  assert.throws(
    () => withoutPanicTexts(moduleOf({ ...WHOLE, returning: [...FORMATS, user] })),
    /no means to format/,
  );
  assert.throws(
    () => withoutPanicTexts(moduleOf({ ...WHOLE, returning: [OURS] })),
    /has no function like .*fmt/,
  );
});
