// From samples to figures.

/** `{ median, low, high, count }` of some numbers, at least one. */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, low: sorted[0], high: sorted.at(-1), count: sorted.length };
}

/** `figure(scenario, client, name)` answers the summary, nothing where it was not measured or failed. */
export function figuresOf({ results }) {
  return (scenario, client, name) => {
    const samples = results[scenario]?.[client]?.samples ?? [];
    const values = samples.map((sample) => sample[name]).filter((value) => value !== undefined);
    return values.length > 0 ? summary(values) : undefined;
  };
}

/** Three digits at most, thousands with a comma. */
export function short(value) {
  if (Math.abs(value) >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}
