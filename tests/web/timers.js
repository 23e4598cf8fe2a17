import { Clock } from "./support/clock.js";
import { equal, ok, turn, until } from "./support/expect.js";
import { names, pingresp, publish } from "./support/packets.js";
import { CODE, Rig } from "./support/rig.js";

const FAR = 2 ** 31 - 1;

/** With the browser's own timers, and bounded by what happens only. */
export async function keepAlivePings(module) {
  const { host, socket } = await new Rig(module, { options: { keepAlive: 1 } }).connect();
  for (const pings of [1, 2]) {
    await until(() => socket.sent.length === pings, `ping ${pings}`);
    socket.receive(pingresp());
  }
  equal(names(socket.sent), [["PINGREQ"], ["PINGREQ"]]);
  equal([socket.closed, host.records], [[], []], "closed and records");
}

export async function silenceEndsTheConnection(module) {
  const clock = new Clock();
  const options = { keepAlive: 10, pingTimeout: 2000 };
  const { host, socket } = await new Rig(module, { options }).connect();
  clock.advance(7499);
  equal(socket.sent, [], "sent too early");
  clock.advance(1);
  equal(names(socket.sent), [["PINGREQ"]]);
  clock.advance(2000);
  equal(host.of("disconnected")[0].detail.code, CODE.keepAliveTimeout);
  equal(socket.closed, [[1000]], "closed");
}

export async function trafficDoesNotArmTheTimerAgain(module) {
  const clock = new Clock();
  const rig = await new Rig(module, { options: { keepAlive: 60 } }).connect();
  const armed = clock.armed.length;
  for (let round = 0; round < 50; round++) {
    clock.jump(100);
    rig.publish("a", "x");
    rig.socket.receive(publish("b", "y"));
    await turn();
  }
  equal([clock.armed.length - armed, clock.waiting], [0, 1], "timers armed and waiting");
}

export async function anEarlierDeadlineReplacesTheTimer(module) {
  const clock = new Clock();
  const rig = await new Rig(module, { options: { keepAlive: 60 } }).connect();
  rig.publish("a", "unanswered", { qos: 1 });
  rig.engine.disconnect({ reasonCode: 0, drainTimeout: 300 });
  await turn();
  equal([clock.armed.at(-1), clock.waiting], [300, 1], "delay and timers that wait");
  clock.advance(299);
  equal(rig.host.of("closed"), [], "closed too early");
  clock.advance(1);
  equal(rig.host.of("closed").length, 1, "closed");
}

export async function anEarlyTimerFindsNothingAndArmsAgain(module) {
  const clock = new Clock();
  const { socket } = await new Rig(module, { options: { keepAlive: 60 } }).connect();
  clock.fireEarly();
  equal([socket.sent, clock.waiting], [[], 1], "sent and timers that wait");
  clock.advance(45_000);
  equal(names(socket.sent), [["PINGREQ"]]);
}

export async function farDeadlinesAreCutToWhatTimersCanDo(module) {
  const clock = new Clock();
  const { host } = await new Rig(module, { options: { connectTimeout: FAR * 2 } }).start();
  equal(clock.armed, [FAR], "delays");
  clock.advance(FAR);
  equal(host.of("disconnected"), [], "disconnected after half of the time");
  ok(clock.waiting === 1 && clock.armed.length > 1, "armed again");
  clock.advance(FAR);
  equal(host.of("disconnected")[0].detail.code, CODE.connectTimeout);
}

export async function wakeLooksAtTheClock(module) {
  const clock = new Clock();
  const { engine, socket } = await new Rig(module, { options: { keepAlive: 60 } }).connect();
  engine.wake(0, false);
  equal([socket.sent, clock.waiting], [[], 1], "sent and timers that wait");
  clock.jump(3_600_000); // the machine has slept; its timers have not fired yet
  engine.wake(0, false);
  equal(names(socket.sent), [["PINGREQ"]]);
  equal(clock.waiting, 1, "timers that wait");
}

/** Chromium delays timers that other timers have armed, five in a row, to once a minute in hidden pages. */
export async function anAnswerBeginsANewChainOfTimers(module) {
  const clock = new Clock();
  const { socket } = await new Rig(module, { options: { keepAlive: 60 } }).connect();
  for (let ping = 1; ping <= 4; ping++) {
    clock.advance(45_000);
    equal(names(socket.sent).flat().length, ping, "pings");
    const armed = clock.armed.length;
    socket.receive(pingresp());
    socket.receive(publish("a", "x"));
    equal(
      [clock.armed.slice(armed), clock.waiting],
      [[45_000], 1],
      "armed by the answer, and timers that wait",
    );
  }
}

export async function aPageWithoutANetworkWaitsForIt(module) {
  const { engine, host, socket } = await new Rig(module, { options: { keepAlive: 60 } }).connect();
  engine.wake(0, true);
  equal(names(socket.sent), [["PINGREQ"]], "the probe");
  socket.end();
  equal([host.attempts, host.of("state").at(-1).state], [[1], "suspended"], "attempts and state");
  engine.wake(0, false);
  equal(host.attempts, [1, 2], "attempts");
}

export async function aPageThatIsLeftHangsUp(module) {
  const { engine, host, socket } = await new Rig(module).connect();
  engine.wake(3, false);
  equal([socket.sent, socket.closed], [[], [[1000]]], "sent and closed");
  engine.wake(1, false);
  equal(host.attempts, [1, 2], "attempts");
}

export async function reconnectWaitsForItsDelay(module) {
  const clock = new Clock();
  const options = { minDelay: 1000, maxDelay: 60_000 };
  const { host, socket } = await new Rig(module, { options }).connect();
  socket.end();
  const [{ delay, attempt }] = host.of("disconnected");
  equal({ delay, attempt }, { delay: 1000, attempt: 2 });
  clock.advance(999);
  equal(host.attempts, [1], "attempts too early");
  clock.advance(1);
  equal(host.attempts, [1, 2], "attempts");
}

/** Chromium's own clock stands still while Linux and macOS sleep. */
export async function aSleepOfTheWholeMachineIsSeenOnTheWallClock(module) {
  const clock = new Clock();
  const options = { keepAlive: 60, pingTimeout: 2000 };
  const { engine, host, socket } = await new Rig(module, { options }).connect();
  socket.receive(publish("a", "x"));
  clock.sleep(-86_400_000); // its user sets it back by a day
  engine.wake(0, false);
  await turn();
  equal(socket.sent, [], "sent");
  clock.sleep(3_600_000);
  engine.wake(0, false);
  equal(names(socket.sent), [["PINGREQ"]], "at a wake-up");
  socket.receive(pingresp());
  clock.sleep(3_600_000);
  socket.receive(publish("a", "came before the sleep"));
  await turn();
  equal(names(socket.sent).flat().length, 2, "pings, the second when bytes came");
  clock.sleep(3_600_000);
  clock.fireEarly();
  equal(names(socket.sent).flat().length, 3, "pings, the third when a timer fired");
  clock.advance(2000);
  equal(host.of("disconnected")[0].detail.code, CODE.keepAliveTimeout);
}
