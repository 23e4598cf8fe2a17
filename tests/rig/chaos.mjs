// A TCP proxy that breaks things on request, steered by the test in the same process.
import { connect, createServer } from "node:net";
import { listen } from "./rig.mjs";
import { waiters } from "./wait.mjs";

const never = () => Number.POSITIVE_INFINITY;

/**
 * @typedef {object} Faults what happens to every connection; all off by default
 * @property {number} latency milliseconds by which each chunk is held back, in order
 * @property {number} chunk largest number of bytes written at once
 * @property {number} pause milliseconds between two such pieces; 0: one turn of the event loop
 * @property {(n: number) => number} cutUp bytes after which connection `n` (from 0) is cut on the way to the server
 * @property {(n: number) => number} cutDown the same for the way to the client
 * @property {(n: number) => number} flipUp offset from which bytes are inverted on the way to the server
 * @property {(n: number) => number} flipDown the same for the way to the client
 * @property {number} flips how many bytes are inverted
 * @property {"rst" | "fin" | "silence" | "mute"} how what a cut looks like. `silence`: nothing comes through any more,
 *   in neither direction, no end either; `mute`: so in the direction of the cut alone
 * @property {"pass" | "blackhole" | "refuse"} mode `blackhole` swallows bytes and closes, `refuse` resets new connections
 * @property {(n: number) => Partial<Faults>} plan what is different for connection `n`
 * @property {(n: number, what: string, way: "up" | "down", at: number) => void} struck told of each cut and inversion
 */
const none = {
  latency: 0,
  chunk: Number.POSITIVE_INFINITY,
  pause: 0,
  cutUp: never,
  cutDown: never,
  flipUp: never,
  flipDown: never,
  flips: 1,
  how: "rst",
  mode: "pass",
  plan: () => ({}),
  struck: () => {},
};

/**
 * Starts a proxy to `target`. Resolves with `{ port, set(faults), reset(), kill(how), quiet(), accepted, stop() }`.
 * What is set holds for open connections too, but for the places of cuts and inversions.
 */
export async function startChaos({ target }) {
  const common = { ...none };
  const links = new Set();
  const changes = waiters();
  let accepted = 0;

  const server = createServer((client) => {
    if (common.mode === "refuse") return reset(client);
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const n = accepted++;
    const faults = Object.assign(Object.create(common), common.plan(n));
    const sides = [client, upstream];
    const silent = new Set();
    const link = { n, faults, silent };
    link.cut = (how = faults.how, way) => {
      if (how === "silence") silent.add("up").add("down");
      else if (how === "mute") silent.add(way);
      else for (const side of sides) how === "rst" ? reset(side) : side.destroySoon();
    };
    client.setNoDelay(true);
    links.add(link.cut);
    for (const side of sides) {
      side.on("close", () => {
        if (!sides.every(({ closed }) => closed)) return; // a silent link keeps one side open
        links.delete(link.cut);
        changes.wake();
      });
    }
    pump(client, upstream, link, "up", { cutAt: faults.cutUp(n), flipAt: faults.flipUp(n) });
    pump(upstream, client, link, "down", { cutAt: faults.cutDown(n), flipAt: faults.flipDown(n) });
  });
  const port = await listen(server);

  const kill = (how) => {
    for (const cut of [...links]) cut(how);
  };
  const stop = async () => {
    kill("rst");
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    port,
    set: (change) => Object.assign(common, change),
    reset: () => Object.assign(common, none),
    kill,
    stop,
    /** Resolves when no connection is open any more. */
    quiet: () => changes.until(() => links.size === 0, "the end of every connection"),
    get accepted() {
      return accepted;
    },
  };
}

/** Resets a connection, unless its end is on the way: node cannot do both, leaks the socket and then never exits. */
function reset(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Carries one direction. `cutAt` and `flipAt` count this direction's bytes from the start of the connection. */
function pump(from, to, { n, faults, silent, cut }, way, { cutAt, flipAt }) {
  let passed = 0;
  let over = false;
  let queue = Promise.resolve();
  const swallows = () => faults.mode === "blackhole" || silent.has(way);

  const flip = (bytes) => {
    const start = Math.max(flipAt, passed);
    const end = Math.min(flipAt + faults.flips, passed + bytes.length);
    if (start < end && start === flipAt) faults.struck(n, "garbage", way, flipAt);
    for (let at = start; at < end; at++) bytes[at - passed] ^= 0xff;
  };

  const write = async (bytes, due) => {
    if (due > Date.now()) await sleep(due - Date.now());
    flip(bytes);
    const kept = bytes.subarray(0, Math.max(0, cutAt - passed));
    for (let at = 0; at < kept.length && !to.destroyed && !swallows(); at += faults.chunk) {
      to.write(kept.subarray(at, at + faults.chunk));
      // So that the other end reads this piece before the next one comes.
      if (faults.chunk < kept.length) await (faults.pause > 0 ? sleep(faults.pause) : turn());
    }
    passed += bytes.length;
    if (passed < cutAt || over) return;
    over = true;
    if (!to.destroyed && !swallows()) faults.struck(n, faults.how, way, cutAt);
    cut(faults.how, way);
  };

  from.on("data", (bytes) => {
    if (swallows()) return;
    const due = faults.latency > 0 ? Date.now() + faults.latency : 0;
    queue = queue.then(() => write(bytes, due));
  });
  from.on("end", () => {
    queue = queue.then(() => swallows() || to.end());
  });
  from.on("error", () => swallows() || to.destroy());
  from.on("close", () => {
    queue = queue.then(() => swallows() || to.destroySoon());
  });
}
