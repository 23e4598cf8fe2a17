// A small MQTT server that answers as the standard says and writes down every byte a client should not have sent.
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { WebSocketServer } from "ws";
import { ack, connack, packet, publish, suback } from "../../rig/packets.mjs";
import { listen } from "../../rig/rig.mjs";
import { waiters } from "../../rig/wait.mjs";
import { createReader } from "./strict.mjs";

/**
 * Starts the server. `subprotocol` is what it selects: "mqtt" where it was offered, "" for never; with `whole` a
 * message has to end where a packet ends; `tls` is `{ key, cert }`.
 * Resolves with `{ address, connections, violations, until(condition, what), publish(topic, payload, qos), stop() }`; a
 * connection has `offered`, `headers`, `packets` (all that it sent, in order), `drop()` and `close(code)`.
 */
export async function startStrictBroker({ subprotocol = "mqtt", whole = true, tls } = {}) {
  const refuse = (_request, response) => response.writeHead(426).end();
  const server = tls ? createTlsServer(tls, refuse) : createServer(refuse);
  const handleProtocols = (offered) => (offered.has(subprotocol) ? subprotocol : false);
  const sockets = new WebSocketServer({ server, handleProtocols });
  const connections = [];
  const violations = [];
  const changes = waiters();

  sockets.on("connection", (socket, request) => {
    const connection = serve(socket, request, { whole, violations, changes, deliver });
    connections.push(connection);
    changes.wake();
  });

  /** Sends a message to every connection that has subscribed to exactly this topic. */
  function deliver(topic, payload, qos = 0) {
    for (const connection of connections) connection.deliver(topic, payload, qos);
  }

  const port = await listen(server);
  return {
    address: `${tls ? "wss" : "ws"}://127.0.0.1:${port}`,
    connections,
    violations,
    publish: deliver,
    until: changes.until,
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket, request, { whole, violations, changes, deliver }) {
  const reader = createReader({ whole });
  const packets = [];
  const filters = new Map();
  let identifier = 0;
  const send = (bytes) => socket.readyState === 1 && socket.send(bytes);

  const answers = {
    CONNECT: () => send(connack(reader.level)),
    PUBLISH({ qos, topic, id, payload }) {
      if (qos > 0) send(ack(qos === 1 ? "PUBACK" : "PUBREC", id));
      deliver(topic, payload, qos);
    },
    PUBREC: ({ id }) => send(ack("PUBREL", id)),
    PUBREL: ({ id }) => send(ack("PUBCOMP", id)),
    SUBSCRIBE({ id, filters: wanted }) {
      for (const { filter, qos } of wanted) filters.set(filter, qos);
      send(
        suback(
          reader.level,
          id,
          wanted.map(({ qos }) => qos),
        ),
      );
    },
    UNSUBSCRIBE({ id, filters: unwanted }) {
      for (const { filter } of unwanted) filters.delete(filter);
      send(packet(0xb0, id >> 8, id & 0xff, ...(reader.level === 5 ? [0, ...unwanted.map(() => 0)] : [])));
    },
    PINGREQ: () => send(packet(0xd0)),
    DISCONNECT: () => socket.close(1000),
  };

  const connection = {
    offered: request.headers["sec-websocket-protocol"],
    headers: request.headers,
    packets,
    messages: [],
    open: true,
    broken: false,
    drop: () => socket.terminate(),
    close: (code) => socket.close(code),
    send,
    deliver(topic, payload, qos) {
      if (!filters.has(topic)) return;
      const level = Math.min(qos, filters.get(topic));
      send(publish(reader.level, topic, payload, { qos: level, id: level > 0 ? ++identifier : 0 }));
    },
  };
  socket.on("error", () => {}); // "close" follows
  socket.on("close", () => {
    connection.open = false;
    changes.wake();
  });
  socket.on("message", (data, binary) => {
    if (connection.broken) return;
    connection.messages.push({ data, binary });
    try {
      for (const one of reader.read(data, binary)) {
        packets.push(one);
        answers[one.name]?.(one);
      }
    } catch (error) {
      violations.push(error);
      connection.broken = true;
      socket.close(1002);
    }
    changes.wake();
  });
  return connection;
}
