// One client's way to the broker, with a place for faults on either side of the gateway, and the books kept about it.
import { startBridge } from "../../rig/bridge.mjs";
import { startChaos } from "../../rig/chaos.mjs";
import { Ledger } from "./ledger.mjs";
import { drawPlan } from "./plan.mjs";

const TRACE_LINES = 400;
const levels = [0, 1, 2];

/**
 * Makes the way of client `id`. Even ones reach the broker's own WebSocket listener, odd ones its TCP listener over a
 * bridge; every other pair speaks 3.1.1. `struck(what)` is told of each fault as it happens, `problem(text)` of each
 * promise that was broken.
 */
export async function openLane({ id, broker, gateway, chance, rig, struck, problem }) {
  const bridged = id % 2 === 1;
  const outer = await rig.use(startChaos({ target: gateway.port }));
  const inner = await rig.use(startChaos({ target: bridged ? broker.tcpPort : broker.nativePort }));
  const entry = bridged
    ? await rig.use(startBridge({ brokerPort: inner.port, allowOrigin: () => true }))
    : inner;
  const trace = [];
  const note = (text) => {
    trace.push([Date.now(), text]);
    if (trace.length > TRACE_LINES) trace.shift();
  };

  let calm = false;
  let plan;
  const hit = (place) => (n, what, way, at) => {
    note(`${place} ${n}: ${what} ${way} at ${at}`);
    struck(what);
  };
  outer.set({
    struck: hit("outer"),
    plan(n) {
      plan = calm ? { text: "no fault" } : drawPlan(chance);
      note(`connection ${n}: ${plan.text}`);
      return plan.outer;
    },
  });
  inner.set({ struck: hit("inner"), plan: () => plan?.inner });

  const version = id % 4 < 2 ? 5 : 4;
  const books = (way) => levels.map((qos) => new Ledger(`client ${id}, ${way}, QoS ${qos}`, qos, problem));
  return {
    id,
    version,
    url: `wss://127.0.0.1:${outer.port}/to/${entry.port}/`,
    up: books("up"),
    down: books("down"),
    /** Packet Identifiers for which the broker has sent PUBREL. */
    released: new Set(),
    note,
    /** What happened last, as text; `packets` are lines of the page with their times. */
    trace: (packets = []) => tell(`client ${id}, ${version === 5 ? "5.0" : "3.1.1"}`, [...trace, ...packets]),
    /** No more faults from now on; what is still to come of open connections is over at once. */
    calm() {
      calm = true;
      for (const proxy of [outer, inner]) proxy.kill("rst");
    },
    get connections() {
      return outer.accepted;
    },
  };
}

function tell(title, lines) {
  const told = lines
    .slice()
    .sort(([a], [b]) => a - b)
    .map(([time, text]) => `  ${new Date(time).toISOString().slice(14, 23)} ${text}`);
  return [title, ...told.slice(-TRACE_LINES)].join("\n");
}
