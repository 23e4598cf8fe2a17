// Takes out of the module what would put the texts of panics together, a thirtieth of it: nobody reads them, since the
// hook in src/web/fault.rs tells only that there was one. They must return, not trap: else that hook would not run.
import binaryen from "binaryen";
import { Failure } from "../lib/run.mjs";

/** Functions that format, by the names that wasm-bindgen gives them. */
const FORMATS = /\bcore(\[\w+\])?::fmt::/;
/** Who formats for more than a panic: the text would be empty. */
const USER = /\balloc(\[\w+\])?::fmt::format\b|\bto_string\b/;
/** How `core::fmt::Result` is returned, and its `Ok(())`. */
const RESULT = binaryen.i32;
const OK = 0;

/** The module, in which formatting succeeds without doing anything. It must have its name section. */
export function withoutFormatting(bytes) {
  const module = binaryen.readBinary(bytes);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, index) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
  );
  const user = functions.find(({ name }) => USER.test(name));
  if (user) throw new Failure(`${user.name} is in the module, which has no means to format`);
  const formatting = functions.filter(({ name, results }) => FORMATS.test(name) && results === RESULT);
  if (formatting.length === 0) throw new Failure("the module has no names, or core::fmt has another one");
  for (const { name, params, results } of formatting) {
    module.removeFunction(name);
    module.addFunction(name, params, results, [], module.i32.const(OK));
  }
  return module.emitBinary();
}
