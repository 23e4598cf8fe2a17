// The order of the functions in the module. It means nothing to WebAssembly, but the compressor finds what is alike
// sooner when it lies side by side.
import binaryen from "binaryen";

/** Instructions that are compared at a time: what they are, and in which order. */
const RUNS = [1, 2, 4, 8];

/** The module with each function beside the one that is most like it, the largest first. */
export function orderByLikeness(bytes) {
  const module = binaryen.readBinary(bytes);
  const functions = Array.from({ length: module.getNumFunctions() }, (_, index) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
  );
  const left = new Set(
    functions
      .filter(({ base }) => !base)
      .map((info) => ({ info, runs: runsOf(binaryen.emitText(info.body)) })),
  );
  let next = best(left, ({ runs }) => runs.size);
  while (next) {
    left.delete(next);
    const { name, params, results, vars, body } = next.info;
    module.removeFunction(name); // and added anew, which puts it last
    module.addFunction(name, params, results, vars, body);
    const { runs } = next;
    next = best(left, (other) => likeness(runs, other.runs));
  }
  binaryen.setDebugInfo(false);
  return module.emitBinary();
}

function runsOf(text) {
  const lines = text.split("\n").map((line) => line.trim());
  return new Set(RUNS.flatMap((run) => lines.map((_, at) => lines.slice(at, at + run).join("\n"))));
}

/** The share of runs that both have. */
function likeness(some, others) {
  let common = 0;
  for (const run of some) if (others.has(run)) common++;
  return common / (some.size + others.size - common);
}

function best(items, rate) {
  let found;
  let highest = -1;
  for (const item of items) {
    const value = rate(item);
    if (value > highest) [found, highest] = [item, value];
  }
  return found;
}
