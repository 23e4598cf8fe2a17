import { Clock } from "./support/clock.js";
import { equal, turn, until } from "./support/expect.js";
import { connack, names, packets, puback, publish, pubrec } from "./support/packets.js";
import { CODE, next, Rig, SUBSCRIBE } from "./support/rig.js";

export async function aTurnLeavesInOneSend(module) {
  const rig = await new Rig(module).connect();
  rig.publish("a", "1");
  rig.engine.subscribe(next(), ["x"], SUBSCRIBE);
  rig.publish("a", "2", { qos: 1 });
  rig.engine.ping(next());
  equal(rig.socket.sent, [], "sent within the calls");
  await turn();
  const sends = names(rig.socket.sent).map((send) => send.sort());
  equal(sends, [["PINGREQ", "PUBLISH", "PUBLISH", "SUBSCRIBE"]]);
}

export async function acknowledgementsLeaveAfterTheHandlers(module) {
  const seen = [];
  const handler = (record, engine) => {
    if (record.kind !== "message") return;
    seen.push(rig.socket.sent.length);
    engine.publish(next(), "reply", record.payload, 0, undefined);
  };
  const rig = await new Rig(module, { handler }).connect();
  rig.socket.receive(...[1, 2, 3].map((id) => publish("a", `${id}`, { qos: 1, id })));
  equal([rig.socket.sent, seen], [[], []], "sent and seen inside the event of the socket");
  await turn();
  equal(seen, [0, 0, 0], "sends before each handler");
  equal(names(rig.socket.sent), [["PUBACK", "PUBACK", "PUBACK", "PUBLISH", "PUBLISH", "PUBLISH"]]);
}

export async function manualAcknowledgementsLeaveInOrder(module) {
  const rig = await new Rig(module, { options: { manualAck: true } }).connect();
  rig.socket.receive(...[5, 6, 7].map((id) => publish("a", "x", { qos: 1, id })));
  await turn();
  equal(rig.socket.sent, [], "sent unasked");
  const tokens = rig.host.of("message").map(({ token }) => token);
  equal(new Set([0, ...tokens]).size, 4, "different tokens, none of them 0");
  rig.engine.acknowledge(tokens[2], 0);
  rig.engine.acknowledge(tokens[1], 0x83);
  await turn();
  equal(rig.socket.sent, [], "sent before the first one's turn");
  rig.engine.acknowledge(tokens[0], 0);
  rig.engine.acknowledge(tokens[0], 0); // an old token means nothing
  rig.engine.acknowledge(0, 0);
  await turn();
  equal(
    rig.socket.sent.flatMap(packets).map(({ type, body }) => [type, body[1], body[2] ?? 0]),
    [
      ["PUBACK", 5, 0],
      ["PUBACK", 6, 0x83],
      ["PUBACK", 7, 0],
    ],
  );
}

export async function aMebibyteLeaves(module) {
  const rig = await new Rig(module).connect();
  const payload = Uint8Array.from({ length: 2 ** 20 }, (_, index) => (index * 11) & 255);
  rig.publish("big", payload);
  payload.fill(0); // the engine has taken its copy
  await turn();
  const [packet, ...rest] = rig.socket.sent.flatMap(packets);
  equal(rest, [], "further packets");
  const sent = packet.body.subarray(2 + 3 + 1); // topic and the empty properties come first
  equal(sent.length, 2 ** 20, "length");
  equal(
    sent.findIndex((byte, index) => byte !== ((index * 11) & 255)),
    -1,
    "first wrong byte",
  );
  equal(rig.host.of("completed").length, 1, "completed");
}

export async function aFullSocketHoldsEverythingBack(module) {
  const rig = await new Rig(module).connect();
  rig.socket.bufferedAmount = 300_000;
  rig.publish("a", "1");
  await turn();
  rig.publish("a", "2");
  rig.engine.flush();
  await turn();
  equal([rig.socket.sent, rig.host.of("completed")], [[], []], "sent and completed");
  rig.socket.bufferedAmount = 100_000;
  await until(() => rig.socket.sent.length > 0, "sent without a further call");
  equal(names(rig.socket.sent), [["PUBLISH", "PUBLISH"]]);
  equal(rig.host.of("completed").length, 2, "completed");
}

export async function aFastSocketGetsMoreUntilItIsSlow(module) {
  const clock = new Clock();
  const { socket, publish } = await new Rig(module).connect().then((rig) => ({
    socket: rig.socket,
    publish: async () => {
      rig.publish("a", "x");
      await turn();
    },
  }));
  const count = () => socket.sent.flatMap(packets).length;
  socket.bufferedAmount = 300_000;
  await publish();
  socket.bufferedAmount = 0;
  clock.advance(4);
  equal(count(), 1, "sent when the time has come to look");
  socket.bufferedAmount = 300_000;
  await publish();
  equal(count(), 2, "it takes more than before");
  socket.bufferedAmount = 600_000;
  await publish();
  clock.advance(4);
  socket.bufferedAmount = 300_000;
  clock.advance(7);
  equal(count(), 2, "nothing moved: less again, and seldom looked at");
  socket.bufferedAmount = 200_000;
  clock.advance(1);
  equal(count(), 3, "all is sent");
}

export async function muchLeavesBeforeTheEndOfTheTurn(module) {
  const rig = await new Rig(module).connect();
  for (let n = 0; n < 100; n++) rig.publish("a", new Uint8Array(1000));
  equal(rig.socket.sent.length, 1, "sends within the turn");
  await turn();
  equal([rig.socket.sent.length, rig.host.of("completed").length], [2, 100], "sends and completed");
}

export async function whoSendsAllTheTimeGathers(module) {
  const clock = new Clock();
  const rig = await new Rig(module).connect();
  const { laters } = rig.host;
  clock.jump(1);
  laters.length = 0;
  rig.publish("a", "1", { qos: 1 });
  await turn();
  equal(laters, [false], "at the end of the turn");
  rig.publish("a", "2", { qos: 2 });
  await turn();
  rig.socket.receive(pubrec(2));
  equal(rig.socket.sent.length, 2, "sends");
  await turn();
  equal(laters, [false, true, true], "behind what waits");
  equal(names(rig.socket.sent), [["PUBLISH"], ["PUBLISH"], ["PUBREL"]]);
}

export async function inALoopAThirdOfWhatIsInFlightGathers(module) {
  const clock = new Clock();
  const rig = await new Rig(module).connect();
  clock.jump(1);
  for (let n = 0; n < 9; n++) rig.publish("a", "x", { qos: n < 8 ? 1 : 2 });
  await turn();
  clock.jump(0.5);
  const answer = async (packet) => {
    rig.socket.receive(packet);
    if (packet[0] !== 0x50) rig.publish("a", "x", { qos: 1 });
    await turn();
    return names(rig.socket.sent.slice(1));
  };
  equal(await answer(puback(1)), [], "seven answers are to come");
  equal(await answer(pubrec(9)), [], "six are to come, and two packets wait");
  equal(await answer(puback(2)), [["PUBLISH", "PUBREL", "PUBLISH"]], "a third");

  clock.jump(0.5);
  await answer(puback(3));
  equal(rig.socket.sent.length, 2, "sends");
  clock.advance(1);
  equal(rig.socket.sent.length, 3, "sends: no answer came for a while");

  clock.jump(2);
  equal((await answer(puback(4))).length, 3, "sends: one now and then leaves at once");
}

export async function whatGathersEndsWithItsConnection(module) {
  const clock = new Clock();
  const rig = await new Rig(module).connect();
  const [first] = rig.host.sockets;
  const fill = async () => {
    for (let n = 0; n < 9; n++) rig.publish("a", "x", { qos: 1 });
    await turn();
    rig.publish("a", "last", { qos: 1 });
    await turn();
  };
  await fill();
  equal(first.sent.length, 1, "the tenth gathers");
  first.end(1006);
  for (; rig.socket === first || !rig.socket.onopen; await turn()) clock.advance(1000);
  rig.socket.open();
  rig.socket.receive(connack());
  await turn();
  await fill();
  clock.advance(1);
  equal(rig.socket.sent.flatMap(packets).length, 1 + 10 + 10, "CONNECT, ten again, ten new ones");
  equal(rig.host.of("failed"), []);
}

export async function aBacklogLeavesThoughNothingIsAnswered(module) {
  const rig = new Rig(module);
  for (let n = 0; n < 900; n++) rig.publish("a", new Uint8Array(1000), { qos: 1 });
  await rig.start();
  rig.socket.open();
  rig.socket.receive(connack());
  await until(() => rig.socket.sent.flatMap(packets).length >= 901, "CONNECT and 900 messages");
}

export async function aThrowingSendWaitsForTheClose(module) {
  const rig = await new Rig(module).connect();
  const [first] = rig.host.sockets;
  first.broken = true;
  const op = rig.publish("a", "kept", { qos: 1 });
  await turn();
  equal(rig.host.records, [], "records");
  first.end(1006);
  equal(rig.host.of("disconnected")[0].detail.code, CODE.connectionClosed);
  await until(() => rig.socket !== first && rig.socket.onopen);
  rig.socket.open();
  rig.socket.receive(connack());
  await turn();
  equal(names(rig.socket.sent).flat(), ["CONNECT", "PUBLISH"], "sent on the second socket");
  equal([rig.host.of("failed"), op > 0], [[], true]);
}

export async function nothingWaitingMeansNoSend(module) {
  const rig = await new Rig(module).connect();
  rig.engine.flush();
  rig.engine.wake(0, false);
  rig.socket.receive(publish("a", "x"));
  await turn();
  equal(rig.socket.sent, []);
}
