// Reads from a runner's output which tests failed and why, so that the end of a log explains itself.

const FAILURES = 30; // told per run, over all lanes
const LINES = 12; // told per failure

/**
 * Why each test of a failed lane failed: `{ name, lines }`. Output in which no failing test can be found, for instance
 * of a runner that was ended, gives one entry with its last lines.
 */
export function failuresIn(lane, output) {
  const found = [...nodeFailures(output), ...cargoFailures(output)];
  if (found.length > 0) return found;
  return [
    { name: `${lane}, the last lines of it`, lines: withoutEmptyEnds(output.split("\n")).slice(-LINES) },
  ];
}

/** The failures of several lanes as text, bounded in number and length. `results` are `{ name, output }`. */
export function tell(results) {
  const failures = results.flatMap(({ name, output }) =>
    failuresIn(name, output).map((failure) => ({ lane: name, ...failure })),
  );
  const told = failures.slice(0, FAILURES).map(({ lane, name, lines }) => {
    const shown = lines.slice(0, LINES).map((line) => `    ${line}`);
    const more = lines.length > LINES ? [`    … ${lines.length - LINES} more lines above`] : [];
    return [`[${lane}] ${name}`, ...shown, ...more].join("\n");
  });
  const rest = failures.length - told.length;
  return [...told, ...(rest > 0 ? [`… and ${rest} more failures, see above`] : [])].join("\n");
}

/** `node --test` with the spec reporter tells all failures again at its end, under a heading, place first. */
function nodeFailures(output) {
  const heading = "\n✖ failing tests:\n";
  const at = output.lastIndexOf(heading);
  if (at < 0) return [];
  const blocks = output.slice(at + heading.length).split(/^test at (?=\S+:\d+:\d+$)/m);
  return blocks.slice(1).map((block) => {
    const [place, title, ...lines] = block.split("\n");
    const name = `${title.replace(/^✖ /, "").replace(/ \([\d.]+ms\)$/, "")} (${place})`;
    return { name, lines: withoutEmptyEnds(withoutStack(lines.map((line) => line.replace(/^ {2}/, "")))) };
  });
}

/** `cargo test` says "---- name stdout ----" before what a failed test printed, wasm-bindgen-test "… output ----". */
function cargoFailures(output) {
  const blocks = output.split(/^---- (?=.+ (?:stdout|output) ----$)/m).slice(1);
  return blocks.map((block) => {
    const [title, ...lines] = block.split("\n");
    const end = lines.findIndex((line) => /^(failures:|test result: )/.test(line));
    const own = end < 0 ? lines : lines.slice(0, end);
    return { name: title.replace(/ (stdout|output) ----$/, ""), lines: withoutEmptyEnds(withoutStack(own)) };
  });
}

/** Leaves out the frames that no reader starts from: those of node itself and the backtrace of Rust. */
function withoutStack(lines) {
  const backtrace = lines.findIndex((line) => line.trim() === "stack backtrace:");
  const kept = backtrace < 0 ? lines : lines.slice(0, backtrace);
  return kept.filter((line) => !/^\s+at .*\(node:|^\s+at (async )?node:/.test(line));
}

function withoutEmptyEnds(lines) {
  const full = (line) => line.trim() !== "";
  const [first, last] = [lines.findIndex(full), lines.findLastIndex(full)];
  return first < 0 ? [] : lines.slice(first, last + 1);
}
