// Attempts and connections that end for a reason the client finds, or the server gives.
import { equal, ok, turn, until } from "./support/expect.js";
import { target } from "./support/host.js";
import { connack, names, string } from "./support/packets.js";
import { CODE, Rig } from "./support/rig.js";

/** 3.1.1 has no password without a user name. */
const WITHOUT_NAME = { protocolVersion: 4 };
const password = Uint8Array.of(1);

function isRefused({ host }) {
  const { code, text, retryable } = host.of("closed")[0].detail;
  equal([code, text, retryable], [CODE.unsupportedInVersion, "password", false], "the error");
  equal(host.sockets, [], "sockets in use");
}

export async function credentialsThatCannotBeSentOpenNothing(module) {
  const opened = [];
  const { WebSocket } = globalThis;
  globalThis.WebSocket = class {
    constructor(...args) {
      opened.push(args);
    }
  };
  try {
    const resolve = async () => target({ password, socket: undefined });
    const rig = new Rig(module, { options: WITHOUT_NAME, resolve });
    rig.engine.start();
    await until(() => rig.host.of("closed").length, "the end");
    isRefused(rig);
  } finally {
    globalThis.WebSocket = WebSocket;
  }
  equal(opened, [], "WebSockets");
}

export async function aSocketMadeForThemIsClosed(module) {
  const given = target({ password });
  const rig = new Rig(module, { options: WITHOUT_NAME, resolve: async () => given });
  rig.engine.start();
  await until(() => rig.host.of("closed").length, "the end");
  isRefused(rig);
  equal([given.socket.closed.length, given.socket.handlers], [1, [null, null, null, null]], "the socket");
}

const refusal = (reason) => {
  const properties = [0x1c, ...string("b.example"), 0x1f, ...string("crowded")];
  return [0x20, 3 + properties.length, 0, reason, properties.length, ...properties];
};

/** A client whose server sends it elsewhere. */
async function sentElsewhere(module, maxRedirects) {
  const rig = await new Rig(module, {
    options: { maxRedirects, maxDelay: 3_600_000, minDelay: 3_600_000 },
  }).start();
  rig.socket.open();
  rig.socket.receive(refusal(0x9c));
  await turn();
  return rig;
}

export async function aServerReferenceIsFollowedAtOnce(module) {
  const { host } = await sentElsewhere(module, 1);
  const { delay, detail } = host.of("disconnected")[0];
  equal([delay, detail.code, detail.reasonCode], [0, CODE.connectRefused, 0x9c], "the loss");
  equal([detail.serverReference, detail.text], ["b.example", "crowded"], "where to and why");
  await until(() => host.sockets[1], "the next socket");
  const second = host.sockets[1];
  equal(host.attempts, [1, 1], "attempts");
  second.open();
  second.receive(refusal(0x9c));
  await turn();
  equal(host.of("closed")[0].detail.code, CODE.tooManyRedirects);
}

export async function aServerReferenceIsToldWhereItIsNotFollowed(module) {
  const { host } = await sentElsewhere(module, 0);
  const { delay, detail } = host.of("disconnected")[0];
  equal([delay, detail.serverReference], [3_600_000, "b.example"]);
}

export async function aPoisonMessageIsGivenUp(module) {
  const options = { poisonLimit: 2, stableAfter: 3_600_000, sessionExpiryInterval: 60 };
  const rig = await new Rig(module, { options }).connect();
  const op = rig.publish("t", "x", { qos: 1 });
  await turn();
  for (const count of [1, 2]) {
    equal(rig.host.of("failed"), [], "given up too early");
    rig.socket.end(1006);
    await until(() => rig.host.sockets[count], "the next socket");
    rig.socket.open();
    rig.socket.receive(connack({ sessionPresent: true }));
    await turn();
  }
  const [failed] = rig.host.of("failed");
  ok(failed.op === op && failed.detail.code === CODE.poisonMessage, "the publish failed");
}

export async function aRenewalSaysGoodbyeAndDialsAgain(module) {
  const { engine, host, socket } = await new Rig(module, {
    options: { sessionExpiryInterval: 60, minDelay: 3_600_000, maxDelay: 3_600_000 },
  }).connect();
  let sentBefore;
  socket.close = () => {
    sentBefore = names(socket.sent);
  };
  engine.renew();
  await until(() => host.sockets[1], "the next socket");
  equal(sentBefore, [["DISCONNECT"]], "sent before close");
  const [{ delay, detail }] = host.of("disconnected");
  equal([delay, detail], [0, undefined], "an end without an error");
  equal(host.attempts, [1, 1], "attempts");
}
