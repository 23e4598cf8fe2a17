// Takes out of the module what describes panics, a thirtieth of it: nobody reads that, since the hook in
// src/web/fault.rs tells only that there was one. What is left of a panic is a call of that hook, and a trap.
import binaryen from "binaryen";
import { Failure } from "../lib/run.mjs";

/** The hook. */
const HOOK = /\bwasmqtt::web::fault::report\b/;
/** Who formats for more than a panic: the text would be empty. */
const USER = /\balloc(\[\w+\])?::fmt::format\b|\bto_string\b/;

const succeed = (module) => module.i32.const(0); // `Ok(())` of `core::fmt::Result`
const nothing = (module) => module.nop();
const trap = (module) => module.unreachable();
const panic = (module, hook) => module.block(null, [module.call(hook, [], binaryen.none), trap(module)]);

/** What is put in place of functions, by the names that rustc gives them. The first that fits counts. */
const REPLACED = [
  { names: /\bcore(\[\w+\])?::fmt::/, results: binaryen.i32, body: succeed },
  { names: /\bstd(\[\w+\])?::panicking::set_hook$/, results: binaryen.none, body: nothing },
  { names: /\brust_begin_unwind$/, results: binaryen.none, body: panic },
  // They lead there. Without the way, nobody has to say what for: their arguments are not needed, nor texts and places.
  { names: /\bcore(\[\w+\])?::panicking::/, results: binaryen.none, body: panic },
  { names: /\bcore(\[\w+\])?::.*(_fail|_failed|::panic_\w+)$/, results: binaryen.none, body: panic },
  {
    names: /\balloc(\[\w+\])?::.*(_failed|_overflow|::handle_\w*error)$/,
    results: binaryen.none,
    body: panic,
  },
  { names: /\bstd(\[\w+\])?::(panicking|alloc)::|\brust_panic$/, results: undefined, body: trap },
];

/** Files in `core::panic::Location`, which end with a zero. */
const FILES = /(?:\/rustc\/|index\.crates\.io-|src\/)[\w/.-]+\.rs\0/g;
/** Address and length of the file, line, column. */
const LOCATION = 4 * 4;

/** Texts of panics in the standard library and in talc, exactly, and the digits for their numbers. */
const TEXTS = [
  Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0")).join(""),
  "cannot access a Thread Local Storage value during or after destruction: ",
  "cannot modify the panic hook from a panicking thread",
  "copy_from_slice: source slice length (",
  ") does not match destination slice length (",
  "insertion index (is ",
  ") should be <= len (is ",
  "removal index (is ",
  ") should be < len (is ",
  "slice index starts at ",
  " but ends at ",
  "range start index ",
  "range end index ",
  " out of range for slice of length ",
  "assertion failed: old_heap.size() >= MIN_HEAP_SIZE",
  "assertion failed: !self.bins.is_null()",
  "heap covers the null address!",
  "new_heap must contain old_heap",
  "Tried to shrink to a larger capacity",
  "called `Option::unwrap()` on a `None` value",
  "called `Result::unwrap()` on an `Err` value",
  "LazyCell instance has previously been poisoned",
  "`async fn` resumed after completion",
  "RefCell already mutably borrowed",
  "RefCell already borrowed",
  "capacity overflow",
  "assertion `left ",
  " right` failed: ",
  " right` failed",
  "\n  left: ",
  "\n right: ",
  "==!=matches",
  "finish: callbacks should be Some",
  "finish: result should be None",
  "dest is out of bounds",
  "mid > len",
  "internal error: entered unreachable code",
];

/** The module, in which nothing describes a panic. It must have its name section. */
export function withoutPanicTexts(bytes) {
  const module = binaryen.readBinary(bytes);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, index) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
  );
  const user = functions.find(({ name }) => USER.test(name));
  if (user) throw new Failure(`${user.name} is in the module, which has no means to format`);
  const hook = functions.find(({ name }) => HOOK.test(name));
  if (!hook) throw new Failure("the module has no names, or the panic hook has another one");

  const done = new Set();
  for (const { name, params, results } of functions) {
    if (name.includes("wasmqtt::")) continue;
    const fits = (rule) => rule.names.test(name) && [results, undefined].includes(rule.results);
    const rule = REPLACED.find(fits);
    if (!rule) continue;
    done.add(rule);
    module.removeFunction(name);
    module.addFunction(name, params, results, [], rule.body(module, hook.name));
  }
  const idle = REPLACED.find((rule) => !done.has(rule));
  if (idle) throw new Failure(`the module has no function like ${idle.names}`);
  return withoutLocations(module);
}

/** The module's bytes, with zeros for the places of panics. Addresses stay, zeros compress. */
function withoutLocations(module) {
  binaryen.setDebugInfo(true); // keeps the names, by which functions will be put in order
  const bytes = Buffer.from(module.emitBinary());
  for (let index = 0; index < module.getNumDataSegments(); index++) {
    const { offset, data } = module.getDataSegmentInfo(module.getDataSegmentByIndex(index));
    const old = Buffer.from(data);
    const segment = bytes.subarray(bytes.indexOf(old));
    for (const text of TEXTS) {
      for (let at = old.indexOf(text); at >= 0; at = old.indexOf(text, at + 1)) {
        segment.fill(0, at, at + text.length);
      }
    }
    const files = new Set();
    for (const { 0: file, index: at } of old.toString("latin1").matchAll(FILES)) {
      files.add(`${offset + at} ${file.length - 1}`);
      segment.fill(0, at, at + file.length);
    }
    for (let at = 0; at + LOCATION <= old.length; at += 4) {
      const file = `${old.readUInt32LE(at)} ${old.readUInt32LE(at + 4)}`;
      if (files.has(file)) segment.fill(0, at, at + LOCATION);
    }
  }
  return bytes;
}
