// Waiting on a machine that may be slow: it ends with the goal, or when nothing has moved any more for a long time.

const LOOK_MS = 20;
const STUCK_MS = 90_000;

/** Resolves when `reached` says so; rejects when `progress` has shown the same value for a minute and a half. */
export async function patience(reached, progress, what) {
  let [seen, since] = [progress(), Date.now()];
  while (!reached()) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = progress();
    if (now !== seen) [seen, since] = [now, Date.now()];
    else if (Date.now() - since > STUCK_MS) throw new Error(`${what} did not come: stuck at ${seen}`);
  }
}
