// The script of the worker that `worker: true` starts. It takes the compiled module, then what its page wants done.
import { instantiate } from "../glue.js";
import type { Command, Ready } from "../worker/messages.js";
import { EngineServer } from "../worker/server.js";

const page = globalThis as unknown as Pick<
  Worker,
  "addEventListener" | "onmessage" | "onmessageerror" | "postMessage"
>;
const ready = (failure?: string) => page.postMessage({ failure } satisfies Ready);

page.onmessageerror = () => ready("The module did not arrive.");
page.onmessage = ({ data: module }: MessageEvent<WebAssembly.Module>) => {
  instantiate(module).then(
    (glue) => {
      const server = new EngineServer(glue, page);
      page.onmessage = ({ data }: MessageEvent<readonly Command[]>) => server.take(data);
      page.onmessageerror = () => server.crash("messageerror");
      page.addEventListener(
        "securitypolicyviolation" as never,
        ({ blockedURI }: SecurityPolicyViolationEvent) => server.blocked(blockedURI),
      );
      ready();
    },
    (error) => ready(String(error)),
  );
};
