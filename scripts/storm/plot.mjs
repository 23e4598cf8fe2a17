// Attempts per second as an SVG: two panels, a logarithmic scale, colours for light and dark pages.

const WIDTH = 860;
const PANEL = { left: 84, width: 740, height: 220, gap: 84, top: 66 };
const LAST = 120; // seconds after the server is back
const STYLE = `
  svg { color-scheme: light dark }
  .page { fill: #ffffff } .words { fill: #1f2328 } .faint { fill: #59636e } .grid { stroke: #d1d9e0 } .away { fill: #f0f2f5 }
  .ours { stroke: #0969da } .fixed { stroke: #bc4c00 } .limit { stroke: #1a7f37 }
  .ours-words { fill: #0969da } .fixed-words { fill: #bc4c00 } .limit-words { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .words { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #30363d } .away { fill: #161b22 }
    .ours { stroke: #58a6ff } .fixed { stroke: #f0883e } .limit { stroke: #3fb950 }
    .ours-words { fill: #58a6ff } .fixed-words { fill: #f0883e } .limit-words { fill: #3fb950 }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif }
  .title { font-size: 17px; font-weight: 600 } .head { font-size: 14px; font-weight: 600 }
  path, line { fill: none } .ours, .fixed { stroke-width: 2.25; stroke-linejoin: round } .limit { stroke-dasharray: 5 4 }
`;

const short = (value) =>
  value >= 1e6 ? `${value / 1e6} M` : value >= 1000 ? `${value / 1000} k` : `${value}`;

/** `results`: one panel each, with the attempts of both kinds of clients per second after the cut. */
export function plot(results, { clients, rate }) {
  const height = PANEL.top + results.length * (PANEL.height + PANEL.gap);
  const top = 10 ** Math.ceil(Math.log10(clients));
  const bottom = top / 10_000;
  const title = `A broker restarts under ${short(clients)} clients: attempts to connect in each second`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${title}">`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="words title" x="24" y="34">${title}</text>`,
    ...results.map((result, index) =>
      panel(result, { top, bottom, rate, y: PANEL.top + index * (PANEL.height + PANEL.gap) }),
    ),
    "</svg>",
    "",
  ].join("\n");
}

function panel({ outage, mode, wasmqtt, fixed }, { top, bottom, rate, y }) {
  const { left, width, height } = PANEL;
  const from = y + 24;
  const x = (second) => round(left + ((second + outage) / (LAST + outage)) * width);
  const span = Math.log10(top / bottom);
  const level = (value) => round(from + height * (1 - Math.log10(Math.max(value, bottom) / bottom) / span));
  const line = (name, attempts) => {
    const shown = attempts.slice(0, LAST + outage);
    while (shown.at(-1) < bottom) shown.pop();
    const points = shown.map((count, second) => `${x(second - outage + 0.5)} ${level(count)}`);
    return `<path class="${name}" d="M${points.join("L")}"/>`;
  };
  const decades = Array.from({ length: Math.round(span) + 1 }, (_, power) => bottom * 10 ** power);
  const ticks = Array.from({ length: (LAST + outage) / 30 + 1 }, (_, index) => index * 30 - outage);
  const what = mode === "busy" ? "told that the server is busy" : "refused";
  return [
    `<text class="words head" x="24" y="${y + 8}">Away for ${outage} s; who comes beyond its limit is ${what}</text>`,
    `<rect class="away" x="${x(-outage)}" y="${from}" width="${round(x(0) - x(-outage))}" height="${height}"/>`,
    `<text class="faint" x="${x(-outage) + 8}" y="${from + height - 10}">away</text>`,
    ...decades.map(
      (value) =>
        `<line class="grid" x1="${left}" x2="${left + width}" y1="${level(value)}" y2="${level(value)}"/>` +
        `<text class="faint" x="${left - 10}" y="${level(value) + 4}" text-anchor="end">${short(value)}</text>`,
    ),
    ...ticks.map(
      (second) =>
        `<text class="faint" x="${x(second)}" y="${from + height + 20}" text-anchor="middle">${second} s</text>`,
    ),
    `<line class="limit" x1="${left}" x2="${left + width}" y1="${level(rate)}" y2="${level(rate)}"/>`,
    `<text class="limit-words" x="${left + width}" y="${level(rate) + 18}" text-anchor="end">what it takes, ${short(rate)}/s</text>`,
    line("fixed", fixed.attempts),
    line("ours", wasmqtt.attempts),
    `<text class="fixed-words" x="${x(46)}" y="${from + 24}">every second: all are back after ${Math.round(fixed.allBack / 1000)} s</text>`,
    `<text class="ours-words" x="${x(62)}" y="${level(rate) - 34}">this client: after ${Math.round(wasmqtt.allBack / 1000)} s</text>`,
  ].join("\n");
}

function round(value) {
  return Math.round(value * 10) / 10;
}
