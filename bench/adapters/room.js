// Back-pressure for clients that have none: wait while the browser holds much.

const HIGH = 1 << 20;
const LOW = HIGH / 2;
let waiting = []; // a page has one client; all of its messages share one timer, so that waiting costs next to nothing

/** Calls `done` now, or when the socket has room again. */
export function whenRoom(socket, done) {
  if (waiting.length === 0 && socket.bufferedAmount < HIGH) done();
  else if (waiting.push(done) === 1) look(socket);
}

function look(socket) {
  setTimeout(() => {
    if (socket.bufferedAmount >= LOW) return look(socket);
    const ready = waiting;
    waiting = [];
    for (const done of ready) done();
  });
}
