// `npm test`: runs every lane, or those named: `npm test -- lint rust`. One line per lane, the whole output of a
// failing one, and at the end the figures and the reason of every failure.
import { toolEnv } from "./lib/paths.mjs";
import { exitWith, Failure, run } from "./lib/run.mjs";
import { setup } from "./setup.mjs";
import { startDisplay } from "./test/display.mjs";
import { tell } from "./test/failures.mjs";
import { checkCoverage, select } from "./test/lanes.mjs";

const LIMIT_SECONDS = 15 * 60; // per lane: ends a hanging one without cutting a cold build short

try {
  const selected = select(process.argv.slice(2));
  checkCoverage();
  await setup("test");
  const results = await runAll(selected);
  summarize(results);
} catch (error) {
  exitWith(error);
}

/** One lane after the other; of those that mostly wait for browsers, two side by side. */
async function runAll(selected) {
  const display = selected.some((lane) => lane.display) ? await startDisplay() : undefined;
  const results = [];
  try {
    const waiting = [...selected];
    const runNext = async (fits) => {
      while (waiting.length > 0 && fits(waiting[0])) {
        const result = await runLane(waiting.shift(), display);
        results.push(result);
        console.log(line(result));
        if (result.failed > 0) console.log(`${result.output.trimEnd()}\n`);
      }
    };
    while (waiting.length > 0) {
      await runNext(({ patient }) => !patient);
      await Promise.all([runNext(({ patient }) => patient), runNext(({ patient }) => patient)]);
    }
  } finally {
    display?.stop();
  }
  return results;
}

/** Never throws for what a lane does: a lane that cannot run is a failed lane with a reason. */
async function runLane({ name, command, count, env, display: wantsDisplay }, display) {
  try {
    const [program, ...args] = typeof command === "function" ? command() : command;
    const screen = wantsDisplay ? { DISPLAY: display.name } : {};
    const options = { env: toolEnv({ ...screen, ...env }), label: name, limitSeconds: LIMIT_SECONDS };
    const { code, output, seconds } = await run(program, args, options);
    return { name, seconds, ...judge(code, output, count(output, code === 0)) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name, seconds: 0, passed: 0, failed: 1, output: `cannot run: ${error.message}` };
  }
}

/** A runner that failed without a failing test, or ended well without any test, counts as one failure. */
function judge(code, output, { passed, failed }) {
  if (code !== 0 && failed === 0) return { passed, failed: 1, output: `${output}\nended with: ${code}` };
  if (passed + failed === 0) return { passed, failed: 1, output: `${output}\nno test ran` };
  return { passed, failed, output };
}

function line({ name, passed, failed, seconds }) {
  const figures = failed > 0 ? `${passed} passed, ${failed} failed` : `${passed} passed`;
  return `${failed > 0 ? "FAIL" : "ok  "}  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s  ${figures}`;
}

function summarize(results) {
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  const bad = results.filter(({ failed }) => failed > 0);
  console.log(`\n${results.length} lanes in ${Math.round(total("seconds"))} s`);
  if (bad.length > 0) console.log(`failed: ${bad.map(({ name }) => name).join(", ")}`);
  console.log(`${total("passed")} passed, ${total("failed")} failed`);
  if (bad.length > 0) console.log(`\n${tell(bad)}`);
  process.exitCode = bad.length > 0 ? 1 : 0;
}
