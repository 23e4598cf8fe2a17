// MQTT.js: callbacks, with its own queue and back-pressure.
import mqtt from "mqtt";
import { routes } from "./list.js";

export default function mqttjs() {
  let client;
  const make = (url, clientId, manualConnect) => {
    client = mqtt.connect(url, { clientId, manualConnect, reconnectPeriod: 0 });
  };
  const ready = () =>
    new Promise((resolve, reject) => {
      client.once("connect", resolve);
      client.once("error", reject);
    });
  return {
    async open(url, clientId) {
      make(url, clientId, false);
      await ready();
    },
    async subscribe(filter, qos, handler) {
      client.on("message", handler);
      await client.subscribeAsync(filter, { qos });
    },
    async route(filters, handler, isSplit) {
      client.on("message", routes(filters, handler, isSplit));
      await client.subscribeAsync(filters);
    },
    publish(topic, payload, qos, done) {
      client.publish(topic, payload, { qos }, done);
    },
    hold: (url, clientId) => make(url, clientId, true),
    async start() {
      const started = ready();
      client.connect();
      await started;
    },
    close: () => client.end(true),
  };
}
