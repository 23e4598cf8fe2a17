/** The numbers of rounds of a plan, until there are enough or another one would take longer than its minutes. */
export function* roundsOf({ rounds, minutes = Number.POSITIVE_INFINITY }, now = () => performance.now()) {
  const start = now();
  for (let round = 0; round < rounds; round++) {
    const passed = now() - start;
    if (round > 0 && passed + passed / round > minutes * 60_000) return;
    yield round;
  }
}
