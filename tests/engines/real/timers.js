// Timers of our own, in order and in no time: the shells of these engines have none, or run them all at once.
// biome-ignore-all lint: old engines read this as it is
var timers = [];
var now = 0;
function setTimeout(run, delay) {
  timers.push({ run: run, due: now + (delay || 0) });
  return timers.length;
}
function clearTimeout(id) {
  if (timers[id - 1]) timers[id - 1].run = undefined;
}
/** Runs the timer that is due first. */
function tick() {
  var next;
  timers.forEach(function (timer) {
    if (timer.run && (!next || timer.due < next.due)) next = timer;
  });
  if (!next) return;
  var run = next.run;
  next.run = undefined;
  now = next.due;
  run();
}

var outcome;
function finish(text) {
  outcome = text;
}
