// Every way in which a connection fails, made with real parts, and what wasmqtt/diagnose says about it.
// WASMQTT_ENGINE chooses the browser; WASMQTT_UPDATE=1 writes results.json and docs/diagnosis.md instead of checking.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { account } from "../../rig/mosquitto.mjs";
import { allCases, readResults, resultOf, writeResults } from "./table.mjs";
import { openWorld } from "./world.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const update = process.env.WASMQTT_UPDATE === "1";
const HOME = "/diagnose/index.html";
/** Shorter than the default where time has to run out, long enough for a busy machine. */
const bounds = { timeout: 9000, hold: 200 };
const secrets = [account.password, "wr0ng-s3cret", "s3cret"];

const CALL = "diagnoseAsJson(arguments[2], arguments[0], arguments[1])";
const CONNECT = "connectAsJson(arguments[2], arguments[0], arguments[1])";

/** Codes of errors that never reach an attempt, and so have nothing that could be seen of one. */
const UNTRIED = ["insecure-url", "invalid-url", "wasm-load-failed"];

describe(`diagnose in ${engine}`, { timeout: 780_000 }, () => {
  const world = {};
  const results = {};
  const expected = readResults();
  before(async () => Object.assign(world, await openWorld(engine)));
  after(async () => {
    await world.stop?.();
    if (update) writeResults(engine, results);
  });

  for (const one of allCases.filter(({ only }) => !only || only.includes(engine))) {
    it(one.key, async (t) => {
      const ask = async () => {
        const url = await one.url(world, t);
        await world.freshTab();
        await world.pages[one.from ?? "https"].load(one.page ?? HOME);
        await one.setup?.(world, t);
        const options = { ...bounds, ...one.options };
        const report = JSON.parse(await world.driver.executeAsyncScript(CALL, url, options));
        assert.equal(report.failed, undefined);
        const { timeout, ...client } = { ...options, hold: Math.max(options.hold, 500) };
        const alone = { ...client, reconnect: false, connectTimeout: timeout / 3 };
        const error = JSON.parse(await world.driver.executeAsyncScript(CONNECT, url, alone));
        return { report, error, result: resultOf(report, error, one) };
      };
      let { report, error, result } = await ask();
      if (!update && !isDeepStrictEqual(result, expected[one.key]?.[engine])) {
        // Browsers hold WebSockets back after failures, and a busy machine is late: then the report honestly says less.
        t.diagnostic(`not as expected, asking once more: ${report.text}`);
        ({ report, error, result } = await ask());
      }
      results[one.key] = result;

      t.diagnostic(`${result.recognised}: ${result.verdict}; ${result.seen}`);
      t.diagnostic(`connect() alone: ${JSON.stringify(error)}`);
      if (error.code && !UNTRIED.includes(error.code)) {
        assert.match(error.evidence.phase, /^(dialing|handshake|connected)$/);
        assert.ok(error.evidence.elapsed >= 0 && error.evidence.attempt === 1);
      }
      for (const secret of secrets) assert.ok(!error.message?.includes(secret), error.message);
      assert.equal(report.ok, one.cause === "ok");
      assert.notEqual(result.recognised, "no", report.text);
      if (one.hint) assert.match(report.verdict.hint, one.hint);
      for (const secret of secrets) assert.ok(!report.text.includes(secret), report.text);
      for (const check of [report.verdict.summary, report.verdict.hint, ...report.verdict.checks])
        assert.doesNotMatch(check, /[{}]|undefined|\bnull\b/);
      if (!update) assert.deepEqual(result, expected[one.key]?.[engine], report.text);
    });
  }

  it("works in a dedicated worker", async () => {
    const page = world.pages.https;
    await page.load(HOME);
    const inWorker = ({ diagnoseInWorker }, url, options) => diagnoseInWorker(url, options);
    const good = await page.run(inWorker, `wss://localhost:${world.ports.page}/mqtt`, bounds);
    assert.equal(good.verdict.code, "ok", good.text);
    const bad = await page.run(inWorker, `wss://localhost:${world.ports.page}/missing`, bounds);
    assert.equal(bad.verdict.code, "not-found", bad.text);
  });

  it("leaves nothing open: no timer, socket or listener", async () => {
    const page = world.pages.https;
    await world.freshTab();
    for (const path of ["/mqtt", "/missing", "/hanging", "/fault/silent", "/fault/text"]) {
      await page.load(HOME);
      const left = await page.run(
        async ({ watchLeftovers, diagnose }, url, options) => {
          const watch = watchLeftovers();
          await diagnose(url, options);
          return watch.stop();
        },
        `wss://localhost:${world.ports.page}${path}`,
        { ...bounds, timeout: 3000 },
      );
      assert.deepEqual(left, { timers: 0, openSockets: 0, listeners: [] }, path);
    }
  });

  it("can be aborted at every step, and closes what it opened", async () => {
    const page = world.pages.https;
    for (const path of ["/mqtt", "/hanging", "/fault/silent"]) {
      await page.load(HOME);
      const outcome = await page.run(async ({ watchLeftovers, entry, failure }, url) => {
        const watch = watchLeftovers();
        const controller = new AbortController();
        const sockets = watch.used().sockets;
        const error = failure(entry.diagnose(url, { signal: controller.signal, hold: 5000 }));
        while (watch.used().sockets === sockets) await new Promise((resolve) => setTimeout(resolve, 1));
        controller.abort();
        return [(await error).code, await watch.stop()];
      }, `wss://localhost:${world.ports.page}${path}`);
      assert.deepEqual(outcome, ["aborted", { timers: 0, openSockets: 0, listeners: [] }], path);
    }
  });
});
