// The figures of a run in lines that people read.

/** One thing a line. */
export function report({ engine, seed, seconds, faults, counts, ...figures }) {
  const { connections, messages, lost, doubled, repeated, resent, excused, dropped, notices } = figures;
  const kinds = Object.entries(counts).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
  return [
    `${engine}, seed ${seed}: ${faults} faults in ${seconds} s (${kinds.join(", ")}), ${connections} connections`,
    `${messages} messages: lost ${lost}, QoS 2 doubled ${doubled}`,
    `QoS 1 repeated ${repeated}, QoS 0 not arrived ${dropped}`,
    `QoS 2 sent as new again by a restarted broker ${resent}, handed to a page that was gone before it confirmed ${excused}`,
    ...Object.entries(notices).map(([code, count]) => `notices: ${code} ${count}`),
  ];
}

/** The figures of several runs as those of one. */
export function total(runs) {
  const add = (one, other) => {
    if (typeof one !== "object") return one + other;
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    return Object.fromEntries([...names].map((name) => [name, add(one[name] ?? 0, other[name] ?? 0)]));
  };
  return runs.reduce((all, figures) => {
    const { engine, seed, ...rest } = figures;
    return { engine, seed, ...(all ? add(without(all), rest) : rest) };
  }, undefined);
}

const without = ({ engine, seed, ...rest }) => rest;
