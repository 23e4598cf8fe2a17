// What a server of MQTT, or what passes for one, does with CONNECT and after it; rows as in cases.mjs.
import { account } from "../../rig/mosquitto.mjs";
import { cross, fault, refuse, same, scripted } from "./places.mjs";

export const mqttCases = [
  { name: "all is well, MQTT 5.0", url: same("/mqtt"), options: { protocolVersion: 5 }, cause: "ok" },
  { name: "all is well, MQTT 3.1.1", url: same("/mqtt"), options: { protocolVersion: 4 }, cause: "ok" },
  { name: "all is well, Mosquitto's own WebSocket, another origin", url: cross("/native"), cause: "ok" },
  {
    name: "a wrong password, 5.0",
    url: same("/protected"),
    options: { ...account, password: "wr0ng-s3cret", protocolVersion: 5 },
    cause: "connect-refused",
  },
  {
    name: "a wrong password, 3.1.1",
    url: same("/protected"),
    options: { ...account, password: "wr0ng-s3cret", protocolVersion: 4 },
    cause: "connect-refused",
  },
  {
    name: "the Client Identifier is refused, 3.1.1",
    url: scripted(refuse(2)),
    options: { protocolVersion: 4 },
    cause: "connect-refused",
  },
  {
    name: "a bad user name or password, 3.1.1",
    url: scripted(refuse(4)),
    options: { protocolVersion: 4 },
    cause: "connect-refused",
    hint: /password/,
  },
  {
    name: "the server is not available, 3.1.1",
    url: scripted(refuse(3)),
    options: { protocolVersion: 4 },
    cause: "connect-refused",
    hint: /later/,
  },
  {
    name: "banned, 5.0",
    url: scripted(refuse(0x8a)),
    options: { protocolVersion: 5 },
    cause: "connect-refused",
    hint: /banned/,
  },
  {
    name: "use another server, 5.0",
    url: scripted(refuse(0x9c)),
    options: { protocolVersion: 5 },
    cause: "connect-refused",
    hint: /server that the broker names/,
  },
  { name: "the server is busy, 5.0", url: scripted(refuse(0x89)), cause: "connect-refused" },
  {
    name: "a broker of 3.1.1 only, asked for 5.0",
    url: same("/mqtt311"),
    options: { protocolVersion: 5 },
    cause: "version-not-supported",
  },
  { name: "the same, asked for any", url: same("/mqtt311"), cause: "ok" },
  {
    name: "hangs up after CONNECT",
    url: fault("drop-after-connect"),
    cause: "closed-before-connack",
    among: /refuses the login by hanging up/,
  },
  {
    name: "closes with 1008 and a reason",
    url: fault("close-1008"),
    cause: "closed-before-connack",
    among: /refuses the login by hanging up/,
  },
  {
    name: "closes with 1002 and a reason, as RabbitMQ 3 does over a password",
    url: scripted(async (connection) => {
      await connection.next("CONNECT");
      connection.close(1002, "unauthenticated");
    }),
    cause: "closed-before-connack",
    among: /refuses the login by hanging up/,
    hint: /password/,
  },
  {
    name: "CONNECT is too large for the server, which closes with 1009",
    url: ({ ports, smallPort }) => `wss://localhost:${ports.page}/to/${smallPort}`,
    options: { username: "ada", password: "s3cret".repeat(30) },
    cause: "packet-too-large",
  },
  { name: "closes with 1009", url: fault("close-1009"), cause: "packet-too-large" },
  { name: "Packet too large, 5.0", url: scripted(refuse(0x95)), cause: "packet-too-large" },
  {
    name: "no subprotocol reaches Mosquitto, which then stays silent",
    url: same("/native"),
    options: { subprotocols: [] },
    cause: "connack-timeout",
    among: /does not hand on Sec-WebSocket-Protocol/,
  },
  {
    name: "no CONNACK",
    url: fault("silent"),
    cause: "connack-timeout",
    among: /Another WebSocket service/,
  },
  { name: "another service: JSON", url: fault("json"), cause: "not-mqtt" },
  { name: "another service: a packet that is no CONNACK", url: fault("suback"), cause: "not-mqtt" },
  {
    name: "another service: it sends back what it gets",
    url: scripted(async (connection) => {
      await connection.next("CONNECT");
      connection.send("10 0d 00 04 4d 51 54 54 05 02 00 2d 00 00 00");
    }),
    cause: "not-mqtt",
  },
  {
    name: "a proxy that ends connections after half a silent second",
    url: same("/impatient"),
    options: { hold: 1200 },
    cause: "closed-after-connack",
    among: /very short time limit/,
  },
  {
    name: "closes with 1011, as NATS does over the Client Identifier",
    url: scripted(async (connection) => {
      await connection.accept();
      connection.close(1011, "Duplicate Client ID");
    }),
    cause: "closed-after-connack",
    among: /same Client Identifier/,
    hint: /`clientId`/,
  },
  {
    name: "another client takes the session over",
    url: same("/mqtt"),
    options: { clientId: "contested", protocolVersion: 5, hold: 2000 },
    cause: "session-taken-over",
    among: /same Client Identifier/,
    setup: (world, t) => world.startRival(t, world.broker.tcpPort, "contested"),
  },
  {
    name: "the same, and the server says so (5.0)",
    url: scripted(async (connection) => {
      await connection.accept();
      connection.send("e0 02 8e 00");
      connection.close(1000);
    }),
    options: { protocolVersion: 5 },
    cause: "session-taken-over",
  },
  {
    name: "accepts, then disconnects with a reason, 5.0",
    url: scripted(async (connection) => {
      await connection.accept();
      connection.send("e0 02 87 00");
      connection.close(1000);
    }),
    options: { protocolVersion: 5 },
    cause: "disconnected-by-server",
  },
  {
    name: "accepts, then hangs up",
    url: scripted(async (connection) => {
      await connection.accept();
      connection.drop();
    }),
    cause: "closed-after-connack",
    among: /same Client Identifier/,
  },
  {
    name: "accepts, then answers no ping",
    url: scripted((connection) => connection.accept()),
    cause: "keep-alive-timeout",
  },
];
