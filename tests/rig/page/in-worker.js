// In place of package.js in the mode "worker": the same package, whose clients have their engines in workers.
import * as mqtt from "/pkg/index.js";
import { context } from "./rig.js";

/** A client that went back to the page's thread would pass its test for nothing. */
const inWorker = (options = {}) => ({
  worker: !options.webSocket, // such a socket is one of the page
  ...options,
  logger: {
    ...options.logger,
    warn(message, detail) {
      if (detail?.code === "worker-unavailable") rig.problems.push(message);
      options.logger?.warn?.(message, detail);
    },
  },
});

context.mqtt = {
  ...mqtt,
  connect: (url, options) => mqtt.connect(url, inWorker(options)),
  createClient: (url, options) => mqtt.createClient(url, inWorker(options)),
};
