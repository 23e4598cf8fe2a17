// u8-mqtt: promises and a router of its own; QoS 0 and 1.
import { mqtt_v4 } from "u8-mqtt";
import { whenRoom } from "./room.js";

export default function u8() {
  let client;
  let socket;
  return {
    async open(url, clientId) {
      client = mqtt_v4({ log_conn() {} });
      socket = new WebSocket(url, ["mqtt"]);
      client.with_websock(socket);
      await client.connect({ client_id: clientId });
    },
    async subscribe(filter, qos, handler) {
      client.on_topic(filter, ({ topic, payload }) => handler(topic, payload));
      await client.subscribe([[filter, qos]]);
    },
    async route(filters, handler) {
      for (const filter of filters) client.on_topic(filter, ({ topic, payload }) => handler(topic, payload));
      await client.subscribe(filters);
    },
    publish(topic, payload, qos, done) {
      const settled = () => (qos === 0 ? whenRoom(socket, done) : done());
      client.pub({ topic, payload, qos }).then(settled, done);
    },
    close: () => client.disconnect(),
  };
}
