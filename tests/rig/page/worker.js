// The rig and the package in a worker: answers each message, a module and its arguments, with what it returns.
import "/package.js";

addEventListener("message", async ({ data: [module, args] }) => {
  postMessage(await rig.run(module, args));
});
