// Chance that can be repeated: the same seed throws the same numbers, in Node and in the page.

/** mulberry32: 32 bits of state, good enough to choose faults. */
export function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** A whole number from `least` up to `most`. */
  const between = (least, most) => least + Math.floor(next() * (most - least + 1));
  return {
    between,
    /** The same, but each order of magnitude is as likely as the next. */
    magnitude: (least, most) => Math.round(least * (most / least) ** next()),
    chance: (part) => next() < part,
    pick: (list) => list[between(0, list.length - 1)],
    /** Dice of their own, for a part that must not depend on how often others were thrown. */
    fork: () => dice(between(0, 2 ** 32 - 1)),
  };
}
