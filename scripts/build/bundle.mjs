// esbuild, as all bundles of the package use it.
import { Failure } from "../lib/run.mjs";

/** Bundles; what esbuild has to say ends the build. */
export async function bundle(options) {
  const { build } = await import("esbuild");
  const { warnings } = await build({
    bundle: true,
    platform: "neutral",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    ...options,
  }).catch(({ errors, message }) => {
    throw new Failure(errors ? describe(errors) : message);
  });
  if (warnings.length > 0) throw new Failure(describe(warnings));
}

function describe(messages) {
  return messages
    .map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text))
    .join("\n");
}
