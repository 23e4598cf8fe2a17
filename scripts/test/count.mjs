// Reads from a runner's output how many tests passed and failed. What was skipped did not run, so it failed.

/** A check without tests of its own counts as one. */
export const check = (_output, ok) => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1 });

/** `cargo test` and wasm-bindgen-test: `test result: ok. 12 passed; 0 failed; 1 ignored; …`, once per test binary. */
export const cargo = (output) =>
  total(
    output.matchAll(/^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm),
    ([, ok, bad, ignored]) => ({
      passed: Number(ok),
      failed: Number(bad) + Number(ignored),
    }),
  );

/** `node --test` with the spec reporter: its closing figures, once per run. */
export const node = (output) => {
  const figure = (name) =>
    total(output.matchAll(new RegExp(`^ℹ ${name} (\\d+)$`, "gm")), ([, n]) => ({ sum: Number(n) })).sum ?? 0;
  return {
    passed: figure("pass"),
    failed: figure("fail") + figure("cancelled") + figure("skipped") + figure("todo"),
  };
};

function total(matches, read) {
  const sums = { passed: 0, failed: 0 };
  for (const match of matches)
    for (const [key, n] of Object.entries(read(match))) sums[key] = (sums[key] ?? 0) + n;
  return sums;
}
