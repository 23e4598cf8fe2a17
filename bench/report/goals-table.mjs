// The goals as Markdown, with what the floor reaches.
import { SCENARIOS } from "../run/scenarios.mjs";
import { GOALS } from "./goals.mjs";
import { short } from "./stats.mjs";

/** Who stands for whom: the floor of a client in a worker has its socket there. */
const FLOORS = { wasmqtt: "floor", worker: "floor-worker" };

export function goalsTable({ sizes, clients }, figure) {
  const withFloor = clients.some(({ isFloor }) => isFloor);
  const of = (...where) => figure(...where)?.median ?? Number.NaN;
  const ofFloor = (scenario, client, name) => of(scenario, FLOORS[client] ?? client, name);
  const title = (id) => SCENARIOS.find((scenario) => scenario.id === id)?.title ?? id;
  const rows = GOALS.flatMap(({ scenario, what, atLeast, atMost, value }) => {
    const isMet = (seen) => (atLeast === undefined ? seen <= atMost : seen >= atLeast);
    const seen = value(of, sizes);
    if (Number.isNaN(seen)) return [];
    const floor = value(ofFloor, {});
    const goal = atLeast === undefined ? `at most ${short(atMost)}` : `at least ${short(atLeast)}`;
    const isBelow = withFloor && !Number.isNaN(floor) && !isMet(floor);
    const met = isMet(seen) ? "yes" : isBelow ? "**no**, nor by the floor" : "**no**";
    return [
      [
        title(scenario),
        what,
        goal,
        short(seen),
        ...(withFloor ? [Number.isNaN(floor) ? "–" : short(floor)] : []),
        met,
      ],
    ];
  });
  const head = ["what", "figure", "goal", "seen", ...(withFloor ? ["floor"] : []), "met"];
  const rule = head.map((name) => (["what", "figure", "met"].includes(name) ? "---" : "---:"));
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return ["### Goals", "", ...table, ...(withFloor ? ["", NOTE] : [])].join("\n");
}

const NOTE = [
  "floor: the same figure of the least code that can do it, which checks and keeps nothing ([floor.js](../bench/adapters/floor.js)),",
  "on the page's thread, for goals of the worker with its socket in one. What it misses by more than the spread of the run is out of reach",
  "of any client in this browser on this machine; where a client has done better than the floor, the difference is noise.",
].join("\n");
