import { equal, ok, turn, until } from "./support/expect.js";
import { target } from "./support/host.js";
import { binary, string, u16, u32 } from "./support/packets.js";
import { CODE, Rig } from "./support/rig.js";

const FIXED = [...string("MQTT"), 5];
const LIMIT = [5, 0x27, ...u32(16 * 2 ** 20)]; // Maximum Packet Size, the only property of a plain CONNECT

export async function connectLeavesWhenTheSocketOpens(module) {
  const { engine, host, socket } = await new Rig(module).start();
  equal(host.attempts, [1], "attempts");
  ok(host.sockets[0] === socket && host.sockets.length === 1, "the socket was announced once");
  equal(socket.binaryType, "arraybuffer");
  equal(socket.sent, [], "sent before open");
  socket.open();
  const connect = [...FIXED, 2, ...u16(0), ...LIMIT, ...string("c")];
  equal(socket.sent, [Uint8Array.from([0x10, connect.length, ...connect])], "sent");
  engine.flush();
  equal(socket.sent.length, 1, "sends after another flush");
  equal(host.records, [{ kind: "state", state: "connecting" }], "records");
}

export async function credentialsOfTheTargetGoIntoConnect(module) {
  const credentials = { username: "ü", password: Uint8Array.of(0, 255) };
  const resolve = async () => target(credentials);
  const { socket } = await new Rig(module, { resolve }).start();
  socket.open();
  const tail = [...string("c"), ...string("ü"), ...binary([0, 255])];
  const connect = [...FIXED, 0xc2, ...u16(0), ...LIMIT, ...tail];
  equal(socket.sent, [Uint8Array.from([0x10, connect.length, ...connect])], "sent");
}

export async function startsOnce(module) {
  const rig = new Rig(module);
  rig.engine.start();
  rig.engine.start();
  await turn();
  rig.engine.start();
  await turn();
  equal(rig.host.attempts, [1], "attempts");
}

export async function noSubprotocolIsRefused(module) {
  await refuseSubprotocol(module, "");
}

export async function anotherSubprotocolIsRefused(module) {
  await refuseSubprotocol(module, "mqttv3.1");
}

async function refuseSubprotocol(module, selected) {
  const { host, socket } = await new Rig(module).start();
  socket.open(selected);
  equal(socket.sent, [], "sent");
  equal(socket.closed, [[1000]], "closed");
  equal(socket.handlers, [null, null, null, null], "handlers");
  const [disconnected] = host.of("disconnected");
  equal(disconnected.delay, undefined, "delay");
  const { code, text, retryable } = disconnected.detail;
  equal({ code, text, retryable }, { code: CODE.subprotocolRejected, text: selected, retryable: false });
  equal(host.of("closed")[0].detail.code, CODE.subprotocolRejected);
}

export async function noSubprotocolIsFineWhenNoneWasOffered(module) {
  const resolve = async () => target({ protocols: [] });
  const { socket } = await new Rig(module, { resolve }).start();
  socket.open("");
  equal(socket.sent.length, 1, "sends");
}

export async function badUrlsAreInvalidUrls(module) {
  for (const url of ["http://[", "wss://host.invalid:99999/", "mailto:somebody"]) {
    await refuseToDial(module, { url }, CODE.invalidUrl);
  }
}

export async function forbiddenSubprotocolsAreInvalidUrls(module) {
  await refuseToDial(module, { protocols: ["with space"] }, CODE.invalidUrl);
}

export async function securityErrorsAreInsecureUrls(module) {
  const insecure = { url: "ws://host.invalid/mqtt" };
  await withConstructor("SecurityError", () => refuseToDial(module, insecure, CODE.insecureUrl));
}

export async function otherErrorsOfTheConstructorAreBlockedByCsp(module) {
  for (const name of ["SecurityError", "NetworkError"]) {
    await withConstructor(name, () => refuseToDial(module, {}, CODE.blockedByCsp));
  }
}

/** The browser's own constructor throws; nothing else can change that, so the client ends. */
async function refuseToDial(module, fields, code) {
  const resolve = async () => target({ ...fields, socket: undefined });
  const { engine, host } = new Rig(module, { resolve });
  engine.start();
  await until(() => host.of("closed").length > 0);
  equal(host.of("closed")[0].detail.code, code, JSON.stringify(fields));
  equal([host.attempts, host.sockets], [[1], []], "attempts and sockets");
}

/** What a browser throws for other pages than this one. */
async function withConstructor(name, run) {
  const { WebSocket } = globalThis;
  globalThis.WebSocket = function WebSocketOfAnotherPage() {
    throw new DOMException("no", name);
  };
  try {
    await run();
  } finally {
    globalThis.WebSocket = WebSocket;
  }
}

/** A real socket, without a server: browsers open no connection to port 1. WebKit never fires `close` for it. */
export async function aBlockedPortEndsTheAttempt(module) {
  const resolve = async () => target({ url: "ws://127.0.0.1:1/mqtt", socket: undefined });
  const { engine, host } = new Rig(module, { resolve, options: { reconnect: false } });
  engine.start();
  await until(() => host.of("closed").length > 0);
  const { code, closeCode } = host.of("closed")[0].detail;
  equal({ code, closeCode }, { code: CODE.connectFailed, closeCode: 1006 });
  const [socket] = host.sockets;
  ok(socket instanceof WebSocket && socket.onclose === null && socket.readyState >= 2, "retired");
}
