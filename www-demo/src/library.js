/** The package, imported here and nowhere else. Rejects when it has not been built or not been copied. */
export const library = import("../pkg/index.js");
// Whoever connects reports the failure; nobody may have asked yet.
library.catch(() => {});

/** What tells why there is no connection: loaded when somebody asks. */
export async function diagnosis() {
  return beside(import("../pkg/diagnose.js"));
}

/** What reads the packets of the event `packet`: loaded when there is something to follow. */
export async function inspection() {
  return beside(import("../pkg/inspect.js"));
}

/** Waits for a part of the package, and says what to do when it is not there. */
export async function beside(part) {
  try {
    return await part;
  } catch (cause) {
    throw Object.assign(new Error("The wasmqtt package is not beside this page.", { cause }), {
      hint: 'Run "npm run build" in the repository, or copy the package to pkg/ next to index.html.',
      layer: "page",
    });
  }
}
