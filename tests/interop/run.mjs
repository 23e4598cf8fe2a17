// Starts one browser, then one broker after the other, and tries every capability in every version it speaks.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { at } from "../../scripts/lib/paths.mjs";
import { Failure } from "../../scripts/lib/run.mjs";
import { startBrowser } from "../rig/browsers.mjs";
import { startChaos } from "../rig/chaos.mjs";
import { startNginx } from "../rig/nginx.mjs";
import { openPage, pageFolders } from "../rig/page.mjs";
import { listen, openRig, temporaryFolder } from "../rig/rig.mjs";
import { account, allowed, denied, readonly } from "./brokers/account.mjs";
import { elsewhere } from "./brokers/mqtt5.mjs";
import { judge, misdeclared } from "./judge.mjs";
import { capabilities } from "./page/capabilities.js";

/** Where a broker without an endpoint of its own for something is asked for it all the same. */
const INSTEAD = { limited: "open", scram: "guarded" };

export const declaredFile = ({ id }) => at("tests", "interop", "declared", `${id}.json`);
export const readDeclared = (broker) => JSON.parse(readFileSync(declaredFile(broker), "utf8"));

/** Runs `brokers`; resolves with `{ browser, columns, problems }`. `tell` gets a line for everything that happens. */
export async function runAll(brokers, tell) {
  const rig = openRig();
  try {
    const site = await rig.use(pageFolders(at("pkg")));
    const folders = { ...site.folders, "/interop/": at("tests", "interop", "page") };
    const gateway = await rig.use(startNginx({ folders, bridge: 9, protectedBridge: 9, native: 9 }));
    const { driver } = await rig.use(startBrowser("chromium"));
    const page = openPage({ driver, origin: gateway.origin, scripts: site.scripts });
    const browser = `Chromium ${(await driver.getCapabilities()).get("browserVersion")}`;
    const columns = [];
    for (const broker of brokers) columns.push(await runBroker(broker, { page, gateway, tell }));
    return { browser, columns, problems: columns.flatMap((column) => column.problems) };
  } finally {
    await rig.stop();
  }
}

async function runBroker(broker, { page, gateway, tell }) {
  const declared = readDeclared(broker);
  const problems = misdeclared(broker, declared, capabilities).map((text) => `${broker.id}: ${text}`);
  let installed;
  try {
    installed = await broker.install();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    tell(`${broker.name} (${broker.source}): not run here: ${error.message}`);
    return { broker, absent: error.message, problems };
  }
  const rig = openRig();
  try {
    const folder = await rig.use(Promise.resolve(temporaryFolder()));
    const { version, endpoints } = await broker.start(rig, folder.path, installed);
    tell(`${broker.name} ${version} (${broker.source})`);
    if (version !== declared.version) tell(`  the limits were declared for ${declared.version}`);
    const cutter = await rig.use(startCutter(endpoints.open.port));
    const url = ({ port, path = "/" }) => `${gateway.wss}/to/${port}${path}`;
    const common = {
      newest: broker.versions.at(-1),
      openUrl: url(endpoints.open),
      fragileUrl: url({ ...endpoints.open, port: cutter.fragilePort }),
      cutUrl: `/to/${cutter.port}/`,
      allowed,
      denied,
      readonly,
      elsewhere,
    };
    const results = {};
    for (const level of broker.versions) {
      results[level] = {};
      await page.load();
      for (const capability of capabilities.filter(({ versions }) => versions.includes(level))) {
        const { id } = capability;
        if (id === "automatic-version" && level !== broker.versions.at(-1)) continue;
        const endpoint = endpoints[capability.endpoint] ?? endpoints[INSTEAD[capability.endpoint]];
        const where = `${broker.id} ${level} ${id}`;
        if (!endpoint) {
          results[level][id] = { kind: "untried" };
          if (!declared.notTried?.[id]) problems.push(`${where}: cannot be tried, and is not declared so`);
          continue;
        }
        const needed = ["guarded", "scram"].includes(capability.endpoint) ? account : undefined;
        const target = { ...common, version: level, url: url(endpoint), account: endpoint.account ?? needed };
        const outcome = judge(await attempt(page, id, target), declared[level]?.[id]);
        results[level][id] = outcome;
        if (outcome.problem) {
          problems.push(`${where}: ${outcome.problem}`);
          tell(`  ${where}: ${outcome.problem}`);
        }
      }
      const kinds = Object.values(results[level]).map(({ kind }) => kind);
      const count = (kind) => kinds.filter((one) => one === kind).length;
      tell(
        `  ${level === 5 ? "5.0" : "3.1.1"}: ${count("works")} work, ${count("limit")} limits, ${count("fail")} failed, ${count("untried")} not tried`,
      );
    }
    return { broker, version, results, problems };
  } finally {
    await rig.stop();
  }
}

/** A way to `target` that the page can break: it asks `port`, over the gateway, to cut all connections through `fragilePort`. */
async function startCutter(target) {
  const chaos = await startChaos({ target });
  const server = createServer((_request, response) => {
    chaos.kill("rst");
    response.end();
  });
  const port = await listen(server);
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await chaos.stop();
  };
  return { port, fragilePort: chaos.port, stop };
}

async function attempt(page, id, target) {
  try {
    return await page.run(
      async (context, id, target) => {
        const { attempt } = await import("/interop/attempt.js");
        return attempt(context, id, target);
      },
      id,
      target,
    );
  } catch (error) {
    await page.load(); // what hung is gone with the page
    return { kind: "fail", seen: error.message.split("\n")[0] };
  }
}
