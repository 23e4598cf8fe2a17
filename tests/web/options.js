import { equal, ok, thrown, turn } from "./support/expect.js";
import { target } from "./support/host.js";
import { binary, packets, pair, string, u16, u32, varint } from "./support/packets.js";
import { CODE, next, Rig, refusal, SUBSCRIBE } from "./support/rig.js";

const NOTHING = new Uint8Array(0);
const LONG = "x".repeat(65_536);
const WILL = { topic: "w", payload: NOTHING, flags: 0 };
const LEAVE = { reasonCode: 0, drainTimeout: 0 };

/** `[options, name in the error, limit]`; -1: the error names no limit. */
const CLIENT = [
  [{ protocolVersion: 3 }, "protocolVersion", -1],
  [{ clientId: "\0" }, "clientId", -1],
  [{ clientId: LONG }, "clientId", -1],
  [{ keepAlive: 65_536 }, "keepAlive", 65_535],
  [{ keepAlive: -1 }, "keepAlive", -1],
  [{ keepAlive: Number.NaN }, "keepAlive", -1],
  [{ keepAlive: Number.POSITIVE_INFINITY }, "keepAlive", -1],
  [{ keepAlive: "45" }, "keepAlive", -1],
  [{ sessionExpiryInterval: 2 ** 32 }, "sessionExpiryInterval", 2 ** 32 - 1],
  [{ connectTimeout: 0 }, "connectTimeout", -1],
  [{ connectTimeout: -1 }, "connectTimeout", -1],
  [{ pingTimeout: 0 }, "pingTimeout", -1],
  [{ maximumPacketSize: 31 }, "maximumPacketSize", -1],
  [{ maximumPacketSize: 268_435_461 }, "maximumPacketSize", -1],
  [{ receiveMaximum: 0 }, "receiveMaximum", -1],
  [{ receiveMaximum: 65_536 }, "receiveMaximum", 65_535],
  [{ topicAliasMaximum: 65_536 }, "topicAliasMaximum", 65_535],
  [{ minDelay: 2, maxDelay: 1 }, "reconnect.maxDelay", -1],
  [{ minDelay: -1 }, "reconnect.minDelay", -1],
  [{ factor: 0.99 }, "reconnect.factor", -1],
  [{ factor: 11 }, "reconnect.factor", -1],
  [{ jitter: 1.01 }, "reconnect.jitter", -1],
  [{ maxAttempts: 2 ** 32 }, "reconnect.maxAttempts", 2 ** 32 - 1],
  [{ stableAfter: -1 }, "reconnect.stableAfter", -1],
  [{ maxMessages: -1 }, "offlineQueue.maxMessages", -1],
  [{ maxBytes: 2 ** 32 }, "offlineQueue.maxBytes", 2 ** 32 - 1],
  [{ userProperties: ["name", LONG] }, "userProperties", -1],
  [{ will: { ...WILL, topic: "a/#" } }, "will.topic", -1],
  [{ will: { ...WILL, flags: 3 } }, "will.qos", -1],
  [{ will: { ...WILL, delayInterval: 2 ** 32 } }, "will.delayInterval", 2 ** 32 - 1],
  [{ will: { ...WILL, payload: new Uint8Array(65_536) } }, "will.payload", 65_535],
];

/** `[call, name in the error, limit]` */
const OPERATIONS = [
  [
    (e) => e.publish(next(), "a", NOTHING, 0, { messageExpiryInterval: 2 ** 32 }),
    "messageExpiryInterval",
    2 ** 32 - 1,
  ],
  [(e) => e.publish(next(), "a", NOTHING, 0, { contentType: LONG }), "contentType", 65_535],
  [(e) => e.publish(next(), "a", NOTHING, 0, { contentType: "a\0" }), "contentType", -1],
  [(e) => e.publish(next(), "a", NOTHING, 0, { responseTopic: "a/#" }), "responseTopic", -1],
  [
    (e) => e.publish(next(), "a", NOTHING, 0, { correlationData: new Uint8Array(65_536) }),
    "correlationData",
    65_535,
  ],
  [(e) => e.publish(next(), "a", NOTHING, 0, { userProperties: [LONG, "v"] }), "userProperties", 65_535],
  [(e) => e.subscribe(next(), ["a"], { ...SUBSCRIBE, qos: 3 }), "qos", -1],
  [(e) => e.subscribe(next(), ["a"], { ...SUBSCRIBE, retainHandling: 3 }), "retainHandling", -1],
  [(e) => e.disconnect({ ...LEAVE, reasonCode: 256 }), "reasonCode", 255],
  [(e) => e.disconnect({ ...LEAVE, drainTimeout: -1 }), "drainTimeout", -1],
  [(e) => e.disconnect({ ...LEAVE, sessionExpiryInterval: 2 ** 32 }), "sessionExpiryInterval", 2 ** 32 - 1],
  [(e) => e.disconnect({ ...LEAVE, reasonString: LONG }), "reasonString", 65_535],
];

export async function rangesOfClientOptions(module) {
  for (const [options, text, limit] of CLIENT) isInvalid(refusal(module, options), text, limit);
}

export async function rangesOfOperationOptions(module) {
  const { engine, host, socket } = await new Rig(module).connect();
  for (const [call, text, limit] of OPERATIONS)
    isInvalid(
      thrown(() => call(engine)),
      text,
      limit,
    );
  await turn();
  equal([socket.sent, host.records], [[], []], "sent and records of what was refused");
}

function isInvalid({ code, text, limit, retryable, message }, name, expected) {
  const should = { code: CODE.invalidOption, text: name, limit: expected, retryable: false };
  equal({ code, text, limit, retryable }, should, `${name}: ${message}`);
}

export async function connectCarriesEveryOption(module) {
  const will = {
    topic: "w/t",
    payload: Uint8Array.of(0, 255),
    flags: 1 | 4,
    delayInterval: 7,
    payloadFormatIndicator: false,
    contentType: "text/plain",
    userProperties: ["k", "v"],
  };
  const options = {
    clientId: "dév",
    keepAlive: 30,
    sessionExpiryInterval: 2 ** 32 - 1,
    receiveMaximum: 10,
    maximumPacketSize: 4096,
    topicAliasMaximum: 3,
    requestResponseInformation: true,
    requestProblemInformation: false,
    userProperties: ["a", "1"],
    will,
  };
  const resolve = async () => target({ username: "u", password: Uint8Array.of(1) });
  const { socket } = await new Rig(module, { options, resolve }).start();
  socket.open();
  const properties = [
    [0x11, ...u32(2 ** 32 - 1)],
    [0x21, ...u16(10)],
    [0x27, ...u32(4096)],
    [0x22, ...u16(3)],
    [0x19, 1],
    [0x17, 0],
    pair("a", "1"),
  ].flat();
  const ofWill = [pair("k", "v"), [1, 0], [3, ...string("text/plain")], [0x18, ...u32(7)]].flat();
  const body = [
    [...string("MQTT"), 5, 0x80 | 0x40 | 0x20 | 0x08 | 0x04 | 0x02, ...u16(30)],
    [...varint(properties.length), ...properties, ...string("dév")],
    [...varint(ofWill.length), ...ofWill, ...string("w/t"), ...binary([0, 255])],
    [...string("u"), ...binary([1])],
  ].flat();
  equal(socket.sent, [Uint8Array.from([0x10, ...varint(body.length), ...body])]);
}

export async function userPropertiesKeepTheirOrder(module) {
  const rig = await new Rig(module).connect();
  const userProperties = ["b", "1", "a", "2", "b", "3", "", ""];
  const encoded = [pair("b", "1"), pair("a", "2"), pair("b", "3"), pair("", "")].flat();
  rig.publish("t", "", { properties: { userProperties } });
  rig.engine.subscribe(next(), ["t"], { ...SUBSCRIBE, userProperties });
  await turn();
  rig.engine.disconnect({ ...LEAVE, userProperties });
  await turn();
  const sent = rig.socket.sent.flatMap(packets);
  equal(sent.map(({ type }) => type).sort(), ["DISCONNECT", "PUBLISH", "SUBSCRIBE"]);
  for (const { type, body } of sent) ok(`${body}`.includes(`${encoded}`), `${type} has them in this order`);
}

export async function publishPropertiesAreEncoded(module) {
  const rig = await new Rig(module).connect();
  const properties = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 60,
    contentType: "application/json",
    responseTopic: "r",
    correlationData: Uint8Array.of(9, 8),
    userProperties: ["k", "v"],
  };
  rig.publish("t", "x", { properties, retain: true });
  await turn();
  const [{ flags, body }] = rig.socket.sent.flatMap(packets);
  const block = [
    pair("k", "v"),
    [1, 1],
    [2, ...u32(60)],
    [3, ...string("application/json")],
    [8, ...string("r")],
    [9, ...binary([9, 8])],
  ].flat();
  equal([flags, body], [1, Uint8Array.from([...string("t"), block.length, ...block, 120])]);
}

export async function aRefusedConstructorLeavesNothingBehind(module) {
  const error = refusal(module, { receiveMaximum: 0 });
  ok(error instanceof Error && error.message.includes("receiveMaximum"), "what the host made is thrown");
  const { host, socket } = await new Rig(module).connect();
  equal([host.faults, socket.closed], [0, []], "faults and closed");
}
