// What tests see as `diagnose`: the entry as it is published, loaded as a page loads it.
import * as entry from "/pkg/diagnose.js";
import { context } from "/rig.js";

/** The report as JSON, with its text. */
const plain = (report) => ({ ...report, text: `${report}` });

context.entry = entry;
context.diagnose = async (...args) => plain(await entry.diagnose(...args));

/** For `executeAsyncScript`: needs no further file, so that it works offline and under every policy. */
globalThis.diagnoseAsJson = (done, ...args) =>
  context.diagnose(...args).then(
    (report) => done(JSON.stringify(report)),
    (error) => done(JSON.stringify({ failed: String(error) })),
  );

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
