// One core, two modules: the whole one, and a light one without what only some options ask for. The core asks a single
// function which of them it is in (`config::is_whole`). Here its answer becomes a constant, and wasm-opt removes all that is
// then out of reach: no second compilation, and one glue for both.
import binaryen from "binaryen";
import { Failure } from "../lib/run.mjs";

const QUESTION = /\bwasmqtt::config::is_whole\b/;

/** The module, which knows from now on whether it is whole. It must have its name section, and keeps it. */
export function answered(bytes, isWhole) {
  const module = binaryen.readBinary(bytes);
  const found = Array.from({ length: module.getNumFunctions() }, (_, index) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
  ).filter(({ name }) => QUESTION.test(name));
  if (found.length !== 1) throw new Failure(`the module asks ${found.length} functions whether it is whole`);
  const { name, params, results } = found[0];
  module.removeFunction(name);
  module.addFunction(name, params, results, [], module.i32.const(isWhole ? 1 : 0));
  binaryen.setDebugInfo(true);
  const answer = module.emitBinary();
  binaryen.setDebugInfo(false);
  return answer;
}
