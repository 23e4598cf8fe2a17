// What the tests of the gateway ask it: plain requests, bare handshakes, MQTT with a library that is not ours.
import https from "node:https";
import mqtt from "mqtt";
import { WebSocket } from "ws";
import { startDeployedMosquitto } from "../rig/deployed/mosquitto.mjs";
import { startDeployedNginx } from "../rig/deployed/nginx.mjs";
import { within } from "../rig/wait.mjs";

const WAIT_MS = 15_000;

export const accounts = [
  ["ada", "correct horse"],
  ["grace", "battery staple"],
  ["backend", "push it"],
];
const passwords = new Map(accounts);

/** Starts broker and nginx as they ship; further options are those of `startDeployedNginx`. */
export async function startGateway(rig, options) {
  const broker = await rig.use(startDeployedMosquitto({ accounts }));
  const nginx = await rig.use(startDeployedNginx({ brokerPort: broker.webSocketPort, ...options }));
  return { broker, nginx };
}

/** Asks for a URL over HTTP/1.1, whoever signed the certificate. Resolves with `{ status, headers, body, bytes }`. */
export function get(url, headers = {}, options = {}) {
  const answer = new Promise((resolve, reject) => {
    const request = https.get(url, { headers, rejectUnauthorized: false, agent: false, ...options });
    request.on("error", reject).on("response", (response) => read(response).then(resolve, reject));
  });
  return within(WAIT_MS, answer, `no answer for ${url}`);
}

/**
 * Tries to open a WebSocket. Resolves with `{ status: 101, subprotocol, headers, socket }`, where `subprotocol` is the
 * one of the answer or undefined, or with `{ status, headers, body }` of another answer.
 */
export function handshake(url, subprotocols = [], headers = {}) {
  const settled = new Promise((resolve, reject) => {
    // ws fails itself where the answer does not fit the offer, so the header is read before it looks.
    const socket = new WebSocket(url, subprotocols, { headers, rejectUnauthorized: false });
    socket.on("upgrade", (response) => {
      const subprotocol = response.headers["sec-websocket-protocol"];
      resolve({ status: 101, subprotocol, headers: response.headers, socket });
    });
    socket.on("unexpected-response", (_, response) => read(response).then(resolve, reject));
    socket.on("error", reject);
  });
  return within(WAIT_MS, settled, `no answer to the handshake with ${url}`);
}

async function read(response) {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return { status: response.statusCode, headers: response.headers, body: bytes.toString(), bytes };
}

/** The options of MQTT.js for one user: 3.1.1 or 5.0, no reconnects; `subprotocol: false` offers none. */
function clientOptions({ user = "ada", version = 5, subprotocol = "mqtt", ...options }) {
  const createWebsocket = (url) =>
    new WebSocket(url, subprotocol === false ? [] : [subprotocol], { rejectUnauthorized: false });
  return {
    protocolVersion: version,
    username: user,
    password: passwords.get(user),
    reconnectPeriod: 0,
    createWebsocket,
    ...options,
  };
}

/** Connects MQTT.js, kept by `rig`. The client gets `connack`, and `texts` of all messages that ever came. */
export async function connectMqtt(rig, url, options = {}) {
  const client = mqtt.connect(url, clientOptions(options));
  client.texts = [];
  client.on("message", (_, payload) => client.texts.push(payload.toString()));
  await rig.use(Promise.resolve({ stop: () => client.endAsync(true) }));
  await within(
    WAIT_MS,
    new Promise((resolve, reject) => {
      client.once("connect", (connack) => resolve(Object.assign(client, { connack })));
      client.once("error", reject).once("close", () => reject(new Error(`closed before CONNACK: ${url}`)));
    }),
    "no CONNACK",
  );
  return client;
}

/** Resolves with the next message of a client as `{ topic, text, qos, retain }`. */
export function nextMessage(client) {
  const message = new Promise((resolve) => {
    client.once("message", (topic, payload, { qos, retain }) =>
      resolve({ topic, text: payload.toString(), qos, retain }),
    );
  });
  return within(WAIT_MS, message, "no message");
}

/** Resolves with the next event of this name. */
export const event = (emitter, name) =>
  within(WAIT_MS, new Promise((resolve) => emitter.once(name, resolve)), `no event "${name}"`);

/** Resolves once `condition` holds; it is looked at again and again, for what no event tells of. */
export async function eventually(condition, what) {
  for (const end = Date.now() + WAIT_MS; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`${what} did not come in ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
