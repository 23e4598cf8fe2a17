// This project's package, as an application has it after its bundler.
import { connect, createClient } from "wasmqtt";

// The limits are those of the other clients here: none worth mentioning.
const ROOM = { maxMessages: 1_000_000, maxBytes: 1 << 28 };

const OPTIONS = { protocolVersion: 4, whenClientIdInUse: "ignore", offlineQueue: ROOM };

export default () => clientOf({});

export function clientOf(options) {
  let client;
  const all = (clientId) => ({ ...OPTIONS, ...options, clientId });
  return {
    async open(url, clientId, fail) {
      client = await connect(url, all(clientId));
      client.on("error", fail); // it may have had to drop messages
    },
    subscribe: (filter, qos, handler) =>
      client.subscribe(filter, { qos }, (message) => handler(message.topic, message.payload)),
    route: (filters, handler) =>
      Promise.all(
        filters.map((filter) =>
          client.subscribe(filter, {}, (message) => handler(message.topic, message.payload)),
        ),
      ),
    publish(topic, payload, qos, done) {
      client.publish(topic, payload, { qos }).then(() => done(), done);
    },
    hold(url, clientId) {
      client = createClient(url, all(clientId));
    },
    start: () => client.start(),
    close: () => client.close({ force: true }),
  };
}
