// What tests see as `diagnose`: the entry as it is published, loaded as a page loads it.
import * as entry from "/pkg/diagnose.js";
import * as mqtt from "/pkg/index.js";
import { context } from "/rig.js";

/** The report as JSON, with its text. */
const plain = (report) => ({ ...report, text: `${report}` });

context.entry = entry;
context.mqtt = mqtt;
context.diagnose = async (...args) => plain(await entry.diagnose(...args));

/** For `executeAsyncScript`: needs no further file, so that it works offline and under every policy. */
globalThis.diagnoseAsJson = (done, ...args) =>
  context.diagnose(...args).then(
    (report) => done(JSON.stringify(report)),
    (error) => done(JSON.stringify({ failed: String(error) })),
  );

/**
 * For `executeAsyncScript`: the error of `connect()` or, where that succeeds, of the connection within `hold` milliseconds;
 * `{}` when there is none.
 */
globalThis.connectAsJson = async (done, url, { hold, ...options }) => {
  let client;
  try {
    client = await mqtt.connect(url, options);
    const ended = await Promise.race([client.closed, new Promise((resolve) => setTimeout(resolve, hold))]);
    done(JSON.stringify(ended ? plainError(ended) : {}));
  } catch (error) {
    done(JSON.stringify(plainError(error)));
  }
  client?.close({ force: true });
};

function plainError({ code, layer, hint, message, evidence, closeCode }) {
  return { code, layer, hint, message, evidence, closeCode };
}

/** The same in a dedicated worker, where there is no window and no document. */
context.diagnoseInWorker = (...args) =>
  new Promise((resolve, reject) => {
    const worker = new Worker("/diagnose/worker.js", { type: "module" });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      data.error ? reject(new Error(data.error)) : resolve(data.report);
    };
    worker.onerror = ({ message }) => reject(new Error(`worker: ${message}`));
    worker.postMessage(args);
  });
