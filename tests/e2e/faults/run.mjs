// A page full of clients, a peer behind the broker, and faults in between; every promise that breaks ends the run.
import { fileURLToPath } from "node:url";
import { at } from "../../../scripts/lib/paths.mjs";
import { startBrowser } from "../../rig/browsers.mjs";
import { crashTab } from "../../rig/crash.mjs";
import { startMosquitto } from "../../rig/mosquitto.mjs";
import { startNginx } from "../../rig/nginx.mjs";
import { pageFolders } from "../../rig/page.mjs";
import { openRig } from "../../rig/rig.mjs";
import { startControl } from "./control.mjs";
import { openLane } from "./lane.mjs";
import { dice } from "./page/dice.js";
import { patience } from "./patience.mjs";
import { startPeer } from "./peer.mjs";
import { faultNames } from "./plan.mjs";
import { listener } from "./words.mjs";

const AHEAD = 12; // rounds of a client that are not settled
const UNCONFIRMED = 20; // messages to a client whose exchange may not have ended

/** A fault must cost little time; the delays themselves are tested elsewhere. */
const quick = {
  keepAlive: 3,
  pingTimeout: 1_500,
  connectTimeout: 4_000,
  reconnect: { minDelay: 1, maxDelay: 100, retryInitial: true },
};

/**
 * Lets `faults` faults happen to `clients` clients in a page. In between the broker is restarted, and the page reloaded
 * and crashed, as often as `restarts`, `reloads` and `crashes` say; over the last two only a store keeps messages, so
 * these clients have one. `say` gets a line now and then.
 * Resolves with `{ figures, problems, traces }`; no problem means that every promise was kept.
 */
export async function runFaults({ engine = "chromium", faults, seed, say = () => {}, ...wanted }) {
  const { clients = 8, restarts = 1, reloads = 0, crashes = 0 } = wanted;
  const durable = reloads + crashes > 0;
  const rig = openRig();
  const begun = Date.now();
  const chance = dice(seed);
  const counts = Object.fromEntries(faultNames.map((name) => [name, 0]));
  const total = () => Object.values(counts).reduce((all, count) => all + count, 0);
  const lanes = [];
  const page = { idle: new Set(), closing: false, closed: false, notices: {}, packets: new Map() };
  const problems = [];
  const problem = (text) => problems.push(text);

  const books = () => lanes.flatMap(({ up, down }) => [...up, ...down]);
  const sum = (figure, list = books()) => list.reduce((all, one) => all + one[figure], 0);
  const moved = () => `${total()} faults, ${sum("arrivals")} messages, ${page.idle.size} clients idle`;
  const until = (reached, what) =>
    patience(() => problems.length > 0 || reached(), moved, what).then(() => {
      if (problems.length > 0) throw new Error("a promise was broken");
    });

  let control;
  let calm = false; // the links: all that is promised can come
  try {
    const broker = await rig.use(startMosquitto({ persistence: true }));
    control = await rig.use(startControl({ heard: listener({ lanes, page, problem }) }));
    const site = await rig.use(pageFolders(at("pkg")));
    const folders = { ...site.folders, "/faults/": fileURLToPath(new URL("page", import.meta.url)) };
    const upstreams = {
      bridge: broker.nativePort,
      protectedBridge: broker.nativePort,
      native: broker.nativePort,
    };
    const gateway = await rig.use(startNginx({ folders, ...upstreams, http2: engine !== "webkit" }));
    const struck = (what) => {
      counts[what]++;
    };
    for (let id = 0; id < clients; id++) {
      lanes.push(await openLane({ id, broker, gateway, chance: chance.fork(), rig, struck, problem }));
    }
    const peer = await rig.use(startPeer({ port: broker.tcpPort, lanes, chance: chance.fork(), problem }));
    const { driver } = await rig.use(startBrowser(engine));

    const load = () => driver.get(`${gateway.origin}/faults/index.html#${control.port}`);
    const start = () => {
      const plans = lanes.map((lane) => ({ ...planOf(lane, durable), seed: chance.between(0, 2 ** 32 - 1) }));
      control.send("run", plans);
    };
    /** Another page takes over. What the old one was promised holds; what it had not confirmed may come once more. */
    const turnOver = async (work) => {
      const next = control.next();
      await work();
      await next;
      for (const lane of lanes) {
        lane.ready = false;
        for (const book of lane.up) book.leave();
        lane.down[2].excuse(UNCONFIRMED);
      }
      start();
    };
    const interruptions = {
      async restart() {
        peer.hold();
        await until(peer.idle, "answers for the peer");
        await peer.over(broker.restart);
        peer.goOn();
      },
      reload: () => turnOver(() => control.send("reload")),
      crash: () =>
        turnOver(async () => {
          await crashTab(driver);
          await load();
        }),
    };
    await load();
    await control.opened();
    start();
    const plan = spread(chance, { restart: restarts, reload: reloads, crash: crashes });
    for (const [index, what] of plan.entries()) {
      await until(() => total() >= (faults * (index + 1)) / (plan.length + 1), "the next fault");
      say(`${what} after ${total()} faults`);
      for (const { note } of lanes) note(what);
      await interruptions[what]();
      counts[what]++;
    }
    await until(() => total() >= faults, "the next fault");

    say(`no more faults after ${total()}; waiting for what is under way`);
    calm = true;
    for (const lane of lanes) lane.calm();
    control.send("stop");
    peer.hold();
    const settled = () => page.idle.size === clients && peer.idle() && sum("missing") === 0;
    await until(settled, "what is under way");
    peer.finish();
    await until(() => peer.idle() && sum("missing") === 0, "the last messages");
    page.closing = true;
    control.send("close");
    await until(() => page.closed, "the end of the clients");
  } catch (error) {
    problem(error.message);
  }
  if (calm) for (const book of books()) book.close();
  if (problems.length > 0) await packets(control, page, clients);
  const figures = {
    engine,
    seed,
    seconds: Math.round((Date.now() - begun) / 1000),
    counts,
    faults: total(),
    connections: sum("connections", lanes),
    messages: sum("messages"),
    lost: sum("missing"),
    unsettled: sum("unsettled"),
    doubled: sum("doubled"),
    repeated: sum("repeated"),
    resent: sum("resent"),
    excused: sum("excused"),
    dropped: sum("dropped"),
    notices: page.notices,
  };
  const traces = problems.length > 0 ? lanes.map((lane) => lane.trace(page.packets.get(lane.id))) : [];
  await rig.stop().catch((error) => problem(error.message));
  return { figures, problems, traces };
}

/** How client `lane` shall connect, and with which number it goes on. */
function planOf({ id, url, version, up }, durable) {
  const clientId = `client-${id}`;
  const kept = version === 5 ? { sessionExpiryInterval: 3_600 } : {};
  const options = { ...quick, ...kept, protocolVersion: version, clientId, cleanStart: false };
  const next = Math.max(...up.map((book) => book.next));
  return {
    id,
    url,
    options: durable ? { ...options, store: "indexeddb" } : options,
    // A page that crashed may have sent more than it told of.
    from: next === 0 ? 0 : next + AHEAD,
    most: AHEAD,
    early: durable,
  };
}

/** Every name as often as it is to happen, in an order that the dice choose. */
function spread(chance, times) {
  const names = Object.entries(times).flatMap(([name, count]) => Array(count).fill(name));
  return names
    .map((name) => [chance.between(0, 2 ** 32 - 1), name])
    .sort(([a], [b]) => a - b)
    .map(([, name]) => name);
}

/** Asks the page, if there is one, for the packets that its clients saw last. */
async function packets(control, page, clients) {
  const asked = Date.now();
  try {
    control.send("packets");
    await patience(
      () => page.packets.size === clients || Date.now() - asked > 5_000,
      Date.now,
      "the packets",
    );
  } catch {
    // Without a page there are none.
  }
}
