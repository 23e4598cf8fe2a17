// Who had the cores while a rate was measured: what limits it.
import { SCENARIOS } from "../run/scenarios.mjs";

const SHOWN = ["raw", "wasmqtt", "worker"];
const PARTS = /^(receive|publish|routes)/;

/** `figure` of `wall` is the time a message took, of the others the CPU time in it. */
export function busy({ clients, machine }, figure) {
  const shown = clients.filter(({ id }) => SHOWN.includes(id));
  const rows = SCENARIOS.filter(({ id }) => PARTS.test(id)).flatMap(({ id, title }) =>
    shown.flatMap((client) => {
      const of = (name) => figure(id, client.id, name)?.median;
      if (of("wall") === undefined) return [];
      const percent = (time) => (time === undefined ? "–" : Math.round((100 * time) / of("wall")));
      const { cores } = machine.before;
      const left = of("left");
      return [
        [
          title,
          client.name,
          percent(of("cpu")),
          percent(of("io")),
          percent(of("all")),
          percent(of("network")),
          percent(of("server")),
          Math.round(100 * cores * left),
        ],
      ];
    }),
  );
  if (rows.length === 0) return "";
  const head = ["", "", "main thread", "IO thread", "page in all", "network process", "load server", "idle"];
  const rule = ["---", "---", ...head.slice(2).map(() => "---:")];
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [
    `### Who was busy, % of one core (there are ${machine.before.cores})`,
    "",
    ...table,
    "",
    "Main and IO thread are parts of the page's process. A rate is limited by who comes near 100, or by all cores where nothing is idle.",
  ].join("\n");
}
