// The worker of the package with a clock that breaks when it is told to: an exception where the engine expects none.
import "/pkg/worker.js";

const now = performance.now.bind(performance);
let isBroken = false;
performance.now = () => {
  if (isBroken) throw new Error("the clock is broken");
  return now();
};
new BroadcastChannel("break").onmessage = () => {
  isBroken = true;
};
