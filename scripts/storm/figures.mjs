// The results of the simulation as figures and as a table.

/** Sums of each second. */
export function perSecond(list, perSecond) {
  const seconds = [];
  list.forEach((count, span) => {
    const second = Math.floor(span / perSecond);
    seconds[second] = (seconds[second] ?? 0) + count;
  });
  return Array.from(seconds, (count) => count ?? 0);
}

const number = (value) => Math.round(value).toLocaleString("en");
const seconds = (millis) => `${number(millis / 1000)} s`;

/** What becomes of those beyond the limit. */
const OTHERS = { refuse: "refused", busy: "told that it is busy" };

/** The table of docs/reconnect.md. */
export function figures(results, { clients, rate }) {
  const rows = results.flatMap(({ outage, mode, wasmqtt, fixed }) =>
    [
      ["this client", wasmqtt],
      ["every second", fixed],
    ].map(([who, { attempts, total, allBack }]) => {
      const back = attempts.slice(outage);
      return `| ${outage} s, ${OTHERS[mode]} | ${who} | ${number(Math.max(...back))} | ${seconds(allBack)} | ${number(total)} |`;
    }),
  );
  return [
    "",
    "![Attempts in each second, on a logarithmic scale](images/reconnect-storm.svg)",
    "",
    `${number(clients)} clients; the server takes ${number(rate)} connections a second when it is back.`,
    "",
    "| away for, and then the others are | clients that try | most attempts in a second, once it is back | all are back after | attempts in all |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "",
  ].join("\n");
}
