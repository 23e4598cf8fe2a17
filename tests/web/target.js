import { Clock } from "./support/clock.js";
import { equal, ok, turn } from "./support/expect.js";
import { target } from "./support/host.js";
import { CODE, Rig } from "./support/rig.js";

const TIMEOUT = 5000;

/** A rig whose targets the case settles: `answers[0]` is of the first attempt. */
function asked(module, options) {
  const answers = [];
  const resolve = () =>
    new Promise((accept, reject) => {
      answers.push({ accept, reject });
    });
  const clock = new Clock();
  const rig = new Rig(module, { resolve, options: { connectTimeout: TIMEOUT, ...options } });
  rig.engine.start();
  return { ...rig, answers, clock };
}

export async function aFinalRejectionEndsTheClient(module) {
  const { host, answers } = asked(module);
  await turn();
  const error = Object.assign(new Error("no token"), { retryable: false });
  answers[0].reject(error);
  await turn();
  ok(host.of("closed")[0].detail === error, "the very error of the host");
  equal(host.of("disconnected")[0].delay, undefined, "delay");
}

export async function aRetryableRejectionIsTriedAgain(module) {
  const { host, answers, clock } = asked(module);
  await turn();
  const error = Object.assign(new Error("not now"), { retryable: true });
  answers[0].reject(error);
  await turn();
  const [disconnected] = host.of("disconnected");
  ok(disconnected.detail === error, "the very error of the host");
  equal([disconnected.delay, disconnected.attempt], [0, 2], "delay and attempt");
  clock.advance(1);
  equal(host.attempts, [1, 2], "attempts");
  answers[1].accept(target());
  await turn();
  ok(host.sockets[0].onopen, "the second answer is used");
}

export async function anExceptionCountsAsRejection(module) {
  const error = Object.assign(new Error("thrown"), { retryable: false });
  const { engine, host } = new Rig(module, {
    resolve: () => {
      throw error;
    },
  });
  engine.start();
  await turn();
  ok(host.of("closed")[0].detail === error, "the very error of the host");
}

export async function aPendingTargetTimesOut(module) {
  const { host, clock } = asked(module, { reconnect: false });
  await turn();
  clock.advance(TIMEOUT - 1);
  equal(host.of("closed"), [], "closed too early");
  clock.advance(1);
  equal(host.of("closed")[0].detail.code, CODE.providerTimeout);
  equal(host.sockets, [], "sockets");
}

export async function aLateAnswerIsOfNoUseAndItsSocketClosed(module) {
  const { host, answers, clock } = asked(module);
  await turn();
  clock.advance(TIMEOUT + 1);
  equal(host.attempts, [1, 2], "attempts");
  const [late, timely] = [target(), target()];
  answers[0].accept(late);
  await turn();
  equal([late.socket.closed.length, late.socket.handlers], [1, [null, null, null, null]], "the late socket");
  answers[1].accept(timely);
  await turn();
  ok(host.sockets.length === 1 && host.sockets[0] === timely.socket, "only the timely socket is used");
}

export async function anAnswerAfterFreeIsOfNoUseAndItsSocketClosed(module) {
  const { engine, host, answers, clock } = asked(module);
  await turn();
  engine.free();
  equal(clock.waiting, 0, "timers that wait");
  const late = target();
  answers[0].accept(late);
  await turn();
  equal([late.socket.closed.length, late.socket.handlers], [1, [null, null, null, null]], "the late socket");
  equal(host.sockets, [], "sockets");
}
