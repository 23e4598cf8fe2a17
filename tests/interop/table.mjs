// Writes the results as Markdown: a table for each version of the protocol, with numbered notes.

const VERSIONS = [
  [4, "MQTT 3.1.1"],
  [5, "MQTT 5.0"],
];

/**
 * `columns` are what run.mjs gives: `{ broker, version, absent, results }`, where `results[4]["connect"]` is an outcome
 * with `kind` "works", "limit", "fail" or "untried". Returns the text between the markers of docs/interop.md.
 */
export function writeTables({ date, browser, capabilities, columns }) {
  const present = columns.filter(({ absent }) => !absent);
  const lines = [`Run on ${date} in ${browser}, against:`, ""];
  for (const { broker, version } of present) lines.push(`- ${broker.name} ${version} (${broker.source})`);
  for (const { broker, absent } of columns.filter((column) => column.absent)) {
    lines.push(`- ${broker.name} (${broker.source}): not run here: ${absent}`);
  }
  for (const [version, title] of VERSIONS) {
    const shown = present.filter(({ broker }) => broker.versions.includes(version));
    if (shown.length > 0) lines.push("", `### ${title}`, "", ...table(version, capabilities, shown));
  }
  return `${lines.join("\n")}\n`;
}

function table(version, capabilities, columns) {
  const notes = [];
  const number = (text) => {
    if (!notes.includes(text)) notes.push(text);
    return notes.indexOf(text) + 1;
  };
  const rows = capabilities
    .filter((capability) => capability.versions.includes(version))
    .map(({ id, title }) => [title, ...columns.map(({ results }) => cell(results[version][id], number))]);
  const heads = columns.map((column) => `${column.broker.name} ${column.version}`);
  const lines = [["", ...heads], ["---", ...heads.map(() => ":-:")], ...rows].map(
    (row) => `| ${row.join(" | ")} |`,
  );
  return [...lines, "", ...notes.map((note, at) => `${at + 1}. ${safe(note)}`)];
}

function cell(outcome, number) {
  if (!outcome) return "";
  if (outcome.kind === "works") return "✓";
  if (outcome.kind === "untried") return "·";
  return outcome.kind === "limit" ? `${number(outcome.seen)}` : `**FAIL** ${number(outcome.seen)}`;
}

const safe = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
