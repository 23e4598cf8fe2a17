// `npm run bench`: this package beside a bare WebSocket and other MQTT clients, in one headless Chromium.
//   npm run bench                    all scenarios; results go to .work/bench/
//   npm run bench -- --record        the same, into docs/performance.md, its plot and its JSON
//   npm run bench -- --quick         one short round
//   npm run bench -- --check         does every scenario run with every client? The figures mean nothing
//   npm run bench -- receive start   only scenarios that begin so
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

/** Where clients of others are known to fail. */
const KNOWN = {
  u8: ["publish-16", "publish-256", "publish-4k", "latency", "mosquitto-latency"], // QoS 0 throws in 0.6.7
};

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      record: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
    },
  });
  if (values.record && (values.quick || values.check || positionals.length > 0))
    throw new Failure("--record takes a whole run: leave out --quick, --check and names");
  await setup("test", "bench");
  await build();
  // Imported only now: they use npm packages that setup has just installed.
  const { runBenchmark } = await import("../bench/run/run.mjs");
  const { report } = await import("../bench/report/report.mjs");
  const plan = values.check ? "check" : values.quick ? "quick" : "full";
  const results = await runBenchmark({ plan, wanted: positionals, say: console.log });
  console.log(`\n${report(results, { record: values.record })}`);
  if (values.check) complain(results);
  process.exit();
} catch (error) {
  exitWith(error);
}

/** A check fails where a client fails that is not known to. */
function complain({ results }) {
  const known = (scenario, client) => KNOWN[client]?.some((start) => scenario.startsWith(start));
  const failed = Object.entries(results).flatMap(([scenario, outcomes]) =>
    Object.entries(outcomes)
      .filter(([client, { error }]) => error && !known(scenario, client))
      .map(([client, { error }]) => `${scenario}, ${client}: ${error}`),
  );
  if (failed.length > 0) throw new Failure(failed.join("\n"));
}
