// The figures of a run in lines that people read.

/** One thing a line. */
export function report({ engine, seed, seconds, faults, counts, ...figures }) {
  const { connections, messages, lost, doubled, repeated, excused, dropped, notices } = figures;
  const kinds = Object.entries(counts).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
  return [
    `${engine}, seed ${seed}: ${faults} faults in ${seconds} s (${kinds.join(", ")}), ${connections} connections`,
    `${messages} messages: lost ${lost}, QoS 2 doubled ${doubled}`,
    `QoS 1 repeated ${repeated}, QoS 0 not arrived ${dropped}, QoS 2 sent twice by a restarted broker ${excused}`,
    ...Object.entries(notices).map(([code, count]) => `notices: ${code} ${count}`),
  ];
}
