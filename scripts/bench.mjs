// `npm run bench`: this package beside a bare WebSocket and other MQTT clients, in one headless Chromium.
//   npm run bench                    all scenarios; results go to .work/bench/
//   npm run bench -- --record        the same, into docs/performance.md, its plot and its JSON
//   npm run bench -- --minutes 10    as many rounds as that allows
//   npm run bench -- --quick         one short round without the lesser clients; `--rounds 3` makes three of it
//   npm run bench -- --check         does every scenario run? The figures mean nothing
//   npm run bench -- receive start   only scenarios that begin so
//   npm run bench -- --against ../before/pkg --rounds 5 receive
//                                    this package beside another build of it, and the bare WebSocket
//   npm run bench -- --clients raw,wasmqtt
//                                    only these clients; `ours`: this package's and the bare WebSocket
//   npm run bench -- --floor receive beside them, the least code that can do it: what is within reach at all. A whole run has it anyway
//   npm run bench -- --from .work/bench/results.json --record
//                                    what a run left that was cut off
//   npm run bench -- --firefox       what Firefox can tell, in Firefox; `--record` does this at the end by itself
//   npm run bench -- --native        codec, session and topics without a browser, with criterion; `--record` puts it into docs/performance.md
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure, must } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

/** Where clients of others are known to fail. */
const KNOWN = {
  // QoS 0 throws in 0.6.7
  u8: [
    "publish-16",
    "publish-256",
    "publish-4k",
    "publish-16-held",
    "publish-256-held",
    "latency",
    "mosquitto-latency",
  ],
};

const OURS = "ours";
const IN_FIREFOX = 0.2; // of the time of a whole run

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      record: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      firefox: { type: "boolean", default: false },
      native: { type: "boolean", default: false },
      rounds: { type: "string" },
      minutes: { type: "string" },
      from: { type: "string" },
      against: { type: "string" },
      clients: { type: "string" },
      floor: { type: "boolean", default: false },
    },
  });
  const partly = values.check || values.firefox || values.against || values.clients || positionals.length > 0;
  if (values.record && partly)
    throw new Failure(
      "--record takes a whole run: leave out --check, --firefox, --against, --clients and names",
    );
  const [rounds, minutes] = [number("rounds", values), number("minutes", values)];
  if (values.native) await native(values);
  else if (values.from) await again(values);
  else await browser({ ...values, rounds, minutes, wanted: positionals });
  process.exit();
} catch (error) {
  exitWith(error);
}

/** A whole number from 1 on, nothing where the option was not given. */
function number(name, { [name]: text }) {
  if (text === undefined || /^[1-9]\d*$/.test(text)) return text && Number(text);
  throw new Failure(`--${name} takes a whole number from 1 on`);
}

/** Writes what a run left, whether it came to its end or not. */
async function again({ from, record }) {
  const { report } = await import("../bench/report/report.mjs");
  console.log(report(JSON.parse(readFileSync(from, "utf8")), { record }));
}

async function browser({
  record,
  quick,
  check,
  firefox,
  rounds,
  minutes,
  against,
  clients: names,
  floor,
  wanted,
}) {
  const isOurs = names === OURS;
  const isWhole = !(quick || firefox || against || isOurs || wanted.length > 0);
  await setup("test", ...(isOurs ? [] : ["bench"]));
  await build();
  // Imported only now: they use npm packages that setup has just installed.
  const { runBenchmark } = await import("../bench/run/run.mjs");
  const { chooseClients } = await import("../bench/run/clients.mjs");
  const { keep, report } = await import("../bench/report/report.mjs");
  const clients = chooseClients({
    against,
    names: isOurs ? undefined : names?.split(","),
    isOurs,
    isQuick: quick,
    withFloor: floor || isWhole,
  });
  const inFirefox = (more) =>
    runBenchmark({
      plan: "firefox",
      browser: "firefox",
      clients: clients.filter(({ isLesser, isFloor }) => !isLesser && !isFloor),
      say: console.log,
      ...more,
    });
  const plan = check ? "check" : quick ? "quick" : "full";
  const share = record ? 1 - IN_FIREFOX : 1;
  const results = firefox
    ? await inFirefox({ rounds, minutes, wanted, keep, ...(plan !== "full" && { plan }) })
    : await runBenchmark({
        plan,
        rounds,
        minutes: minutes && minutes * share,
        wanted,
        clients,
        say: console.log,
        keep,
      });
  if (record) {
    results.firefox = await inFirefox({ minutes: minutes && minutes * IN_FIREFOX }).catch(({ message }) => ({
      error: message.split("\n")[0],
    }));
    keep(results);
  }
  console.log(`\n${report(results, { record })}`);
  if (check) complain(results);
}

async function native({ record }) {
  await setup("build");
  const { forget, nativeTable } = await import("../bench/report/native.mjs");
  const { writeSection } = await import("./lib/section.mjs");
  const target = at(".work", "bench", "native");
  forget(target);
  await must("cargo", ["bench", "--", "--noplot", "--warm-up-time", "1", "--measurement-time", "2"], {
    cwd: at("bench", "native"),
    env: { ...process.env, CARGO_TARGET_DIR: target },
    label: "cargo bench",
  });
  const text = nativeTable(target);
  if (record) writeSection(at("docs", "performance.md"), "native", text);
  console.log(text);
}

/** A check fails where a client fails that is not known to. */
function complain({ results }) {
  const failed = Object.entries(results).flatMap(([scenario, outcomes]) =>
    Object.entries(outcomes)
      .filter(([client, { error }]) => error && !KNOWN[client]?.includes(scenario))
      .map(([client, { error }]) => `${scenario}, ${client}: ${error}`),
  );
  if (failed.length > 0) throw new Failure(failed.join("\n"));
}
