import { equal, ok, turn } from "./support/expect.js";
import { binary, pair, publish, string, suback, u16, u32, varint } from "./support/packets.js";
import { next, Rig, SUBSCRIBE } from "./support/rig.js";

const PUBLISH_PROPERTIES = [
  [1, 1],
  [2, ...u32(60)],
  [3, ...string("text/plain")],
  [8, ...string("reply")],
  [9, ...binary([1, 0, 255])],
  [0x0b, ...varint(268_435_455)],
  pair("b", "1"),
  [0x0b, 7],
  pair("a", ""),
  pair("b", "2"),
].flat();

async function serverInfo(module, properties, options) {
  let info;
  const handler = ({ kind, detail }) => {
    if (kind === "connected") info = detail;
  };
  await new Rig(module, { options, handler }).connect({ properties: properties.flat() });
  return info;
}

export async function serverInfoWithEverything(module) {
  const properties = [
    [0x11, ...u32(120)],
    [0x12, ...string("given")],
    [0x13, ...u16(30)],
    [0x15, ...string("SCRAM")],
    [0x16, ...binary([9, 8])],
    [0x1a, ...string("responses/")],
    [0x1c, ...string("elsewhere")],
    [0x1f, ...string("welcome")],
    [0x21, ...u16(20)],
    [0x22, ...u16(5)],
    [0x24, 1],
    [0x25, 0],
    pair("k", "v"),
    [0x27, ...u32(2 ** 32 - 1)],
    [0x28, 0],
    [0x29, 0],
    [0x2a, 0],
  ];
  const options = {
    clientId: "",
    keepAlive: 60,
    requestResponseInformation: true,
    authenticationMethod: "SCRAM",
  };
  equal(await serverInfo(module, properties, options), {
    subprotocol: "mqtt",
    protocolVersion: 5,
    sessionPresent: false,
    clientId: "given",
    assignedClientIdentifier: "given",
    keepAlive: 30,
    serverKeepAlive: 30,
    sessionExpiryInterval: 120,
    receiveMaximum: 20,
    maximumQos: 1,
    retainAvailable: false,
    maximumPacketSize: 2 ** 32 - 1,
    topicAliasMaximum: 5,
    wildcardSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    reasonString: "welcome",
    responseInformation: "responses/",
    serverReference: "elsewhere",
    authenticationMethod: "SCRAM",
    authenticationData: Uint8Array.of(9, 8),
    userProperties: [["k", "v"]],
  });
}

/** What the server left out appears with the default of the standard, or not at all: never as undefined. */
export async function serverInfoWithDefaults(module) {
  equal(await serverInfo(module, [], { keepAlive: 60 }), {
    subprotocol: "mqtt",
    protocolVersion: 5,
    sessionPresent: false,
    clientId: "c",
    keepAlive: 60,
    sessionExpiryInterval: 0,
    receiveMaximum: 65_535,
    maximumQos: 2,
    retainAvailable: true,
    topicAliasMaximum: 0,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: true,
  });
}

export async function messageProperties(module) {
  const { host, socket } = await new Rig(module).connect();
  socket.receive(publish("t", "x", { properties: PUBLISH_PROPERTIES }), publish("t", "x"));
  const [full, bare] = host.of("message").map(({ properties }) => module.decodeProperties(properties));
  equal(full, {
    payloadFormatIndicator: true,
    messageExpiryInterval: 60,
    contentType: "text/plain",
    responseTopic: "reply",
    correlationData: Uint8Array.of(1, 0, 255),
    subscriptionIdentifiers: [268_435_455, 7],
    userProperties: [
      ["b", "1"],
      ["a", ""],
      ["b", "2"],
    ],
  });
  ok(full.correlationData instanceof Uint8Array, "correlation data is bytes");
  equal(bare, {});
}

export async function propertiesOfAnswers(module) {
  const { engine, host, socket } = await new Rig(module).connect();
  const op = next();
  engine.subscribe(op, ["a", "b"], SUBSCRIBE);
  await turn();
  socket.receive(suback(1, [1, 0], [0x1f, ...string("as you like"), ...pair("k", "v")]));
  const detail = { reasonString: "as you like", userProperties: [["k", "v"]] };
  equal(host.of("completed"), [
    { kind: "completed", op, status: 0, packetId: 1, reasons: Uint8Array.of(1, 0), detail },
  ]);

  const refused = next();
  engine.subscribe(refused, ["c", "d"], SUBSCRIBE);
  await turn();
  socket.receive(suback(2, [0, 0x87], [0x1f, ...string("not you")]));
  const [{ op: failed, reasons, detail: error }] = host.of("failed");
  equal([failed, reasons], [refused, Uint8Array.of(0, 0x87)]);
  const { code, reasonCode, at, text } = error;
  equal({ code, reasonCode, at, text }, { code: 20, reasonCode: 0x87, at: 1, text: "not you" });
}

export async function garbageHasNoProperties(module) {
  const garbage = [
    [],
    [0],
    [0xff, 0xff],
    [0x0b, 0xff, 0xff, 0xff, 0xff],
    [3, 0xff, 0xff, 65],
    [3, 0, 1, 0xff],
    [1, 2],
    [0x11, 0, 0, 0, 1], // Session Expiry Interval: not in a PUBLISH
    [1, 1, 1, 1],
    [...pair("k", "v"), 0x26],
  ];
  for (const block of garbage) {
    equal(module.decodeProperties(Uint8Array.from(block)), {}, `properties of ${block}`);
  }
  for (let cut = 1; cut < 7; cut++) {
    // The first seven bytes are two whole properties.
    const found = Object.keys(module.decodeProperties(Uint8Array.from(PUBLISH_PROPERTIES.slice(0, cut))));
    equal(found, cut === 2 ? ["payloadFormatIndicator"] : [], `properties of ${cut} bytes`);
  }
}

export async function statsAreNumbers(module) {
  const rig = await new Rig(module).connect();
  rig.publish("a", "x");
  rig.publish("a", "y", { qos: 1 });
  rig.engine.subscribe(next(), ["a"], SUBSCRIBE);
  await turn();
  rig.socket.receive(publish("a", "x"));
  const { bytesReceived, bytesSent, ...stats } = rig.engine.stats();
  ok(bytesReceived > 0 && bytesSent > 0, "bytes are counted");
  equal(stats, {
    messagesReceived: 1,
    messagesSent: 2,
    duplicatesSuppressed: 0,
    retransmissions: 0,
    unknownAcks: 0,
    connections: 1,
    queuedMessages: 0,
    queuedBytes: 0,
    inFlight: 2,
    subscriptions: 1,
  });
}
