// Which faults a connection gets: drawn from dice, so that a seed repeats them.

/** Bytes until a connection carries MQTT: TLS and the upgrade before the gateway, the upgrade alone behind it. */
const PROLOGUE = { outer: 4_000, inner: 700 };
const FARTHEST = 60_000; // bytes of MQTT before the latest fault
const LATEST_MS = 120; // by which chunks are held back
const LARGEST_PIECE = 1_400; // bytes
const SLOWEST = 20; // bytes in a millisecond: a handshake must be able to end within its limit

/** What ends a connection. Bytes are changed on the way to the gateway only, where TLS notices: MQTT has no checksum. */
const ends = {
  outer: ["rst", "rst", "fin", "silence", "mute", "garbage"],
  inner: ["rst", "rst", "fin", "silence", "mute"],
};

/** The names of all faults, as figures and traces have them. */
export const faultNames = ["rst", "fin", "silence", "mute", "garbage", "restart", "reload", "crash"];

/**
 * Draws what happens to one connection: at one of the two places it ends, and at either it may be slow.
 * Answers `{ outer, inner, text }`: faults for the two proxies, and the same in words.
 */
export function drawPlan(chance) {
  const place = chance.chance(0.6) ? "outer" : "inner";
  const plan = { outer: slowness(chance), inner: slowness(chance) };
  const what = chance.pick(ends[place]);
  const way = what === "mute" ? "Down" : chance.pick(["Up", "Down"]);
  const at = chance.chance(0.25)
    ? chance.between(1, PROLOGUE[place])
    : PROLOGUE[place] + chance.magnitude(1, FARTHEST);
  const end =
    what === "garbage"
      ? { [`flip${way}`]: () => at, flips: chance.magnitude(1, 200) }
      : { [`cut${way}`]: () => at, how: what };
  Object.assign(plan[place], end);
  const text = `${place} ${what} ${way.toLowerCase()} at ${at}; outer ${slow(plan.outer)}; inner ${slow(plan.inner)}`;
  return { ...plan, text };
}

/** Held back, in small pieces, both, or neither. */
function slowness(chance) {
  const faults = {};
  if (chance.chance(0.25)) faults.latency = chance.magnitude(1, LATEST_MS);
  if (chance.chance(0.25)) {
    faults.chunk = chance.magnitude(1, LARGEST_PIECE);
    faults.pause = Math.min(5, Math.floor(faults.chunk / SLOWEST));
  }
  return faults;
}

const slow = ({ latency, chunk, pause }) =>
  [latency && `${latency} ms late`, chunk && `${chunk} B each ${pause} ms`].filter(Boolean).join(", ") ||
  "prompt";
