import { equal, ok, turn } from "./support/expect.js";
import { target } from "./support/host.js";
import { binary, connack, pair, puback, publish, string, utf8 } from "./support/packets.js";
import { CODE, Rig } from "./support/rig.js";

const LEAVE = { reasonCode: 0, drainTimeout: 1000 };
const shown = (host) =>
  host.of("packet").map(({ direction, head }) => `${direction} ${head[0].toString(16)}`);

export async function packetsPassInTheOrderOfTheWire(module) {
  const rig = new Rig(module);
  rig.engine.tap(true);
  const { engine, host } = await rig.start();
  const { socket } = rig;
  socket.open();
  socket.receive(connack());
  rig.publish("a", "payload", { qos: 1 });
  await turn();
  socket.receive(puback(1), publish("b", "payload", { qos: 1, id: 7 }));
  await turn();
  engine.disconnect(LEAVE);
  await turn();
  equal(shown(host), [
    "sent 10",
    "received 20",
    "sent 32",
    "received 40",
    "received 32",
    "sent 40",
    "sent e0",
  ]);
  const bytes = host.of("packet").filter(({ direction }) => direction === "sent");
  equal(
    bytes.reduce((sum, { size }) => sum + size, 0),
    socket.sent.reduce((sum, { length }) => sum + length, 0),
    "bytes",
  );
  const kinds = host.records.map(({ kind }) => kind);
  ok(kinds.indexOf("packet") < kinds.indexOf("connected"), "a packet comes before what it causes");
  ok(kinds.lastIndexOf("packet") < kinds.indexOf("closed"), "DISCONNECT comes before the end");
}

export async function nothingIsShownWhileItIsOff(module) {
  const rig = await new Rig(module).connect();
  const { engine, host, socket } = rig;
  rig.publish("a", "1");
  await turn();
  equal(shown(host), []);
  engine.tap(true);
  rig.publish("a", "2");
  await turn();
  socket.receive(publish("b", "3"));
  equal(shown(host), ["sent 30", "received 30"]);
  engine.tap(false);
  rig.publish("a", "4");
  await turn();
  socket.receive(publish("b", "5"));
  equal(host.of("packet").length, 2);
  equal(host.of("message").length, 2);
}

export async function theLastDisconnectIsShown(module) {
  const { engine, host, socket } = await new Rig(module, { options: { reconnect: false } }).connect();
  engine.tap(true);
  socket.receive([0x30, 6, 0, 1, ...utf8("#"), 0, 1, 1]);
  equal(host.of("closed").length, 1, "closed");
  equal(shown(host), ["received 30", "sent e0"]);
  equal(host.of("disconnected")[0].detail.reasonCode, host.of("packet")[1].head[2], "the reason");
  ok(host.of("disconnected")[0].detail.code !== CODE.connectionClosed, "for a reason of ours");
}

export async function theTapKeepsSecrets(module) {
  const secrets = [
    "user-name",
    "pass-word",
    "auth-data",
    "will-payload",
    "payload-text",
    "correlation",
    "token-value",
  ];
  const options = {
    authenticationMethod: "method",
    userProperties: ["name", "token-value"],
    will: { topic: "will/topic", payload: Uint8Array.from(utf8("will-payload")), flags: 1 },
  };
  const resolve = async () =>
    target({
      username: "user-name",
      password: Uint8Array.from(utf8("pass-word")),
      authData: Uint8Array.from(utf8("auth-data")),
    });
  const rig = new Rig(module, { options, resolve });
  rig.engine.tap(true);
  const { engine, host } = await rig.start();
  const { socket } = rig;
  socket.open();
  const proof = [
    0x15,
    ...string("method"),
    0x16,
    ...binary(utf8("auth-data")),
    ...pair("name", "token-value"),
  ];
  socket.receive([0xf0, proof.length + 2, 0x18, proof.length, ...proof]);
  engine.authenticate(Uint8Array.from(utf8("auth-data")), false);
  await turn();
  socket.receive(connack({ properties: proof }));
  const properties = { correlationData: Uint8Array.from(utf8("correlation")) };
  rig.publish("topic", "payload-text", { qos: 1, properties });
  await turn();
  const correlation = [0x09, ...binary(utf8("correlation"))];
  socket.receive(publish("topic", "payload-text", { properties: correlation }));

  const text = (chunks) => new TextDecoder().decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])));
  const sent = text(socket.sent);
  for (const secret of secrets) ok(sent.includes(secret), `${secret} is sent`);
  const { length } = shown(host);
  equal(length, 6, "packets");
  // A CONNACK has no credentials: its User Properties are shown.
  const heads = host.of("packet").map(({ head }) => head);
  for (const secret of secrets.slice(0, -1)) ok(!text(heads).includes(secret), `${secret} is not shown`);
  equal(
    heads.map((head) => text([head]).includes("token-value")),
    [false, false, false, true, false, false],
    "User Properties",
  );
  ok(text(heads).includes("topic"), "topics are shown");
}

export async function aFloodOfPacketsIsShown(module) {
  const { engine, host, socket } = await new Rig(module).connect();
  engine.tap(true);
  const count = 20_000;
  const one = publish("a", "x", { qos: 1, id: 7 });
  socket.receive(Array.from({ length: count }, () => one).flat());
  await turn();
  equal(host.of("message").length, count, "messages");
  equal(shown(host).length, 2 * count, "packets");
}
