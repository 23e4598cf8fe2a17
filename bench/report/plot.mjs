// Rates and CPU time beside those of the bare WebSocket, as an SVG: one row a scenario, one dot a client.
import { SCENARIOS } from "../run/scenarios.mjs";
import { figuresOf } from "./stats.mjs";

const [WIDTH, LABELS, ROW, TOP, PANEL, GAP, LEGEND] = [960, 310, 26, 104, 285, 50, 150];
const PANELS = [
  { name: "rate", title: "messages a second", better: "more is better", from: 0.01, to: 100 },
  { name: "cpu", title: "main-thread CPU a message", better: "less is better", from: 0.01, to: 100 },
];
const STYLE = `
  svg { color-scheme: light dark }
  .page { fill: #ffffff } .words { fill: #1f2328 } .faint { fill: #59636e } .grid { stroke: #d1d9e0 } .bare { stroke: #1f2328 }
  .wasmqtt { fill: #0969da } .worker { fill: #1b7c83 } .mqttjs { fill: #bc4c00 } .paho { fill: #1a7f37 } .u8 { fill: #8250df }
  .floor { fill: none; stroke: #59636e; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .words { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #30363d } .bare { stroke: #e6edf3 }
    .wasmqtt { fill: #58a6ff } .worker { fill: #39c5cf } .mqttjs { fill: #f0883e } .paho { fill: #3fb950 } .u8 { fill: #bc8cff } .floor { stroke: #9198a1 }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif }
  .title { font-size: 17px; font-weight: 600 } .head { font-weight: 600 }
`;

export function plot(run) {
  const figure = figuresOf(run);
  const shown = run.clients.filter(({ id, isFloor }) => id !== "raw" && (!isFloor || id === "floor"));
  const rows = SCENARIOS.filter(({ id }) => figure(id, "raw", "rate") && figure(id, "wasmqtt", "rate"));
  const height = TOP + rows.length * ROW + 44;
  const title = "Beside a bare WebSocket in the same browser";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${title}">`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="words title" x="24" y="34">${title}</text>`,
    ...shown.map(
      ({ id, name }, i) =>
        `<circle class="${id}" cx="${30 + i * LEGEND}" cy="58" r="5"/><text class="words" x="${40 + i * LEGEND}" y="62">${name}</text>`,
    ),
    ...rows.map(
      ({ title }, i) =>
        `<text class="words" x="${LABELS - 14}" y="${middle(i) + 4}" text-anchor="end">${escaped(title)}</text>`,
    ),
    ...PANELS.map((panel, i) => drawPanel(panel, { rows, shown, figure, left: LABELS + i * (PANEL + GAP) })),
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ name, title, better, from, to }, { rows, shown, figure, left }) {
  const span = Math.log10(to / from);
  const x = (ratio) => round(left + (PANEL * Math.log10(Math.min(Math.max(ratio, from), to) / from)) / span);
  const bottom = TOP + rows.length * ROW;
  const ticks = Array.from({ length: Math.round(span) + 1 }, (_, power) => from * 10 ** power);
  const dots = rows.flatMap(({ id }, i) => {
    const bare = figure(id, "raw", name)?.median;
    // Ours last, so that it lies on top.
    return [...shown].reverse().flatMap((client) => {
      const seen = figure(id, client.id, name)?.median;
      if (!(seen > 0 && bare > 0)) return [];
      const ratio = seen / bare;
      const told = `${client.name}: ${ratio.toPrecision(2)}`;
      return `<circle class="${client.id}" cx="${x(ratio)}" cy="${middle(i)}" r="5"><title>${told}</title></circle>`;
    });
  });
  return [
    `<text class="words head" x="${left}" y="${TOP - 16}">${title}<tspan class="faint" dx="8" font-weight="400">${better}</tspan></text>`,
    ...ticks.map(
      (tick) =>
        `<line class="${Math.abs(tick - 1) < 1e-9 ? "bare" : "grid"}" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${bottom}"/>` +
        `<text class="faint" x="${x(tick)}" y="${bottom + 20}" text-anchor="middle">${Math.abs(tick - 1) < 1e-9 ? "bare" : `× ${Number(tick.toPrecision(1))}`}</text>`,
    ),
    ...dots,
  ].join("\n");
}

const middle = (row) => TOP + row * ROW + ROW / 2;
const round = (value) => Math.round(value * 10) / 10;
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
