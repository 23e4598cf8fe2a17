// The figures of a run in lines that people read, and as a table.

const broken = ["rst", "fin", "silence", "mute", "garbage"];
const interrupted = ["restart", "reload", "crash"];
const named = (counts, names) =>
  names.flatMap((name) => (counts[name] > 0 ? [`${name} ${counts[name]}`] : [])).join(", ") || "–";

/** One thing a line. */
export function report({ engine, seed, seconds, faults, counts, ...figures }) {
  const { connections, messages, lost, doubled, unsettled, repeated, resent, excused, dropped, notices } =
    figures;
  return [
    `${engine}, seed ${seed}: ${faults} faults in ${seconds} s (${named(counts, [...broken, ...interrupted])}), ${connections} connections`,
    `${messages} messages: lost ${lost}, QoS 2 doubled ${doubled}, promises never settled ${unsettled}`,
    `QoS 1 repeated ${repeated}, QoS 0 not arrived ${dropped}`,
    `QoS 2 sent as new again by a restarted broker ${resent}, handed to a page that was gone before it confirmed ${excused}`,
    ...Object.entries(notices).map(([code, count]) => `notices: ${code} ${count}`),
  ];
}

/** Rows of what was seen, a column for each run: `[title, figures]`. */
export function table(runs) {
  const rows = [
    ["seed", ({ seed }) => seed],
    ["faults", ({ faults }) => faults],
    ["links broken", ({ counts }) => named(counts, broken)],
    ["and in between", ({ counts }) => named(counts, interrupted)],
    ["connections", ({ connections }) => connections],
    ["messages", ({ messages }) => messages],
    ["**lost at QoS 1 and 2**", ({ lost }) => `**${lost}**`],
    ["**doubled at QoS 2**", ({ doubled }) => `**${doubled}**`],
    ["promises that never settled", ({ unsettled }) => unsettled],
    ["repeated at QoS 1", ({ repeated }) => repeated],
    ["not arrived at QoS 0", ({ dropped }) => dropped],
    ["sent as new again by the restarted broker", ({ resent }) => resent],
    ["handed out again after the page was gone", ({ excused }) => excused],
    ["seconds", ({ seconds }) => seconds],
  ];
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    line(["", ...runs.map(([title]) => title)]),
    line(["---", ...runs.map(() => "---:")]),
    ...rows.map(([name, cell]) => line([name, ...runs.map(([, figures]) => cell(figures))])),
  ].join("\n");
}
