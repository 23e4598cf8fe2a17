// Eclipse Paho: one handler for all messages, no queue before the first connection, no back-pressure.
import Paho from "paho-mqtt";
import { routes } from "./list.js";
import { whenRoom } from "./room.js";

export default function paho() {
  let client;
  let socket;
  const waiting = new Map();
  const subscribe = (filter, qos) =>
    new Promise((onSuccess, onFailure) => client.subscribe(filter, { qos, onSuccess, onFailure }));
  return {
    async open(url, clientId) {
      client = new Paho.Client(url, clientId);
      client.onMessageDelivered = (message) => {
        const done = waiting.get(message);
        waiting.delete(message);
        done?.();
      };
      // It does not show its socket, by which alone one can tell that it has too much to do.
      const Original = WebSocket;
      globalThis.WebSocket = class extends Original {
        constructor(...all) {
          super(...all);
          socket = this;
        }
      };
      await new Promise((onSuccess, onFailure) => client.connect({ onSuccess, onFailure, mqttVersion: 4 }));
      globalThis.WebSocket = Original;
    },
    async subscribe(filter, qos, handler) {
      client.onMessageArrived = ({ destinationName, payloadBytes }) => handler(destinationName, payloadBytes);
      await subscribe(filter, qos);
    },
    async route(filters, handler, isSplit) {
      const dispatch = routes(filters, handler, isSplit);
      client.onMessageArrived = ({ destinationName, payloadBytes }) =>
        dispatch(destinationName, payloadBytes);
      await Promise.all(filters.map((filter) => subscribe(filter, 0)));
    },
    publish(topic, payload, qos, done) {
      const message = new Paho.Message(payload);
      message.destinationName = topic;
      message.qos = qos;
      if (qos > 0) waiting.set(message, done);
      client.send(message);
      if (qos === 0) whenRoom(socket, done);
    },
    close: () => client.disconnect(),
  };
}
