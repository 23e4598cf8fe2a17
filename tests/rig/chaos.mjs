// A TCP proxy that breaks things on request, steered by the test in the same process.
import { connect, createServer } from "node:net";
import { listen } from "./rig.mjs";
import { waiters } from "./wait.mjs";

/**
 * @typedef {object} Faults what happens to every connection; all off by default
 * @property {number} latency milliseconds by which each chunk is held back, in order
 * @property {number} chunk largest number of bytes written at once
 * @property {(n: number) => number} cutUp bytes after which connection `n` (from 0) is cut on the way to the server
 * @property {(n: number) => number} cutDown the same for the way to the client
 * @property {(n: number) => number} flipDown offset of the byte whose bits are inverted on the way to the client
 * @property {"rst" | "fin"} how what a cut looks like
 * @property {"pass" | "blackhole" | "refuse"} mode `blackhole` swallows bytes and closes, `refuse` resets new connections
 */
const none = {
  latency: 0,
  chunk: Number.POSITIVE_INFINITY,
  cutUp: () => Number.POSITIVE_INFINITY,
  cutDown: () => Number.POSITIVE_INFINITY,
  flipDown: () => Number.NaN,
  how: "rst",
  mode: "pass",
};

/** Starts a proxy to `target`. Resolves with `{ port, set(faults), reset(), kill(how), quiet(), accepted, stop() }`. */
export async function startChaos({ target }) {
  const faults = { ...none };
  const links = new Set();
  const changes = waiters();
  let accepted = 0;

  const server = createServer((client) => {
    if (faults.mode === "refuse") return reset(client);
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const n = accepted++;
    const sides = [client, upstream];
    const cut = (how = faults.how) => {
      for (const side of sides) how === "rst" ? reset(side) : side.destroySoon();
    };
    client.setNoDelay(true);
    links.add(cut);
    for (const side of sides) {
      side.on("close", () => {
        if (!sides.every(({ closed }) => closed)) return; // a black hole keeps one side open
        links.delete(cut);
        changes.wake();
      });
    }
    const flip = faults.flipDown(n);
    pump(client, upstream, faults, { cutAt: faults.cutUp(n), cut });
    pump(upstream, client, faults, { cutAt: faults.cutDown(n), cut, flip });
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
    set: (change) => Object.assign(faults, change),
    reset: () => Object.assign(faults, none),
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

/** Carries one direction. `cutAt` and `flip` count this direction's bytes from the start of the connection. */
function pump(from, to, faults, { cutAt, cut, flip }) {
  let passed = 0;
  let queue = Promise.resolve();

  const write = async (bytes) => {
    if (faults.latency > 0) await new Promise((resolve) => setTimeout(resolve, faults.latency));
    if (flip >= passed && flip < passed + bytes.length) bytes[flip - passed] ^= 0xff;
    const kept = bytes.subarray(0, Math.max(0, cutAt - passed));
    for (let at = 0; at < kept.length && !to.destroyed; at += faults.chunk) {
      to.write(kept.subarray(at, at + faults.chunk));
      // One turn of the event loop, so that the other end reads this piece before the next one comes.
      if (faults.chunk < kept.length) await new Promise((resolve) => setImmediate(resolve));
    }
    passed += bytes.length;
    if (passed >= cutAt) cut();
  };

  from.on("data", (bytes) => {
    if (faults.mode === "blackhole") return;
    queue = queue.then(() => write(bytes));
  });
  from.on("end", () => {
    queue = queue.then(() => faults.mode !== "blackhole" && to.end());
  });
  from.on("error", () => to.destroy());
  from.on("close", () => {
    queue = queue.then(() => faults.mode !== "blackhole" && to.destroySoon());
  });
}
