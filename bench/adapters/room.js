// Back-pressure for clients that have none: wait while the browser holds much.

const HIGH = 1 << 20;
const LOW = HIGH / 2;

/** Calls `done` now, or when the socket has room again. */
export function whenRoom(socket, done) {
  if (socket.bufferedAmount < HIGH) done();
  else wait(socket, done);
}

function wait(socket, done) {
  setTimeout(() => (socket.bufferedAmount < LOW ? done() : wait(socket, done)));
}
