/** How an application bundles for its users: what esbuild is told wherever bytes or speed of an application are measured. */
export const APPLICATION = {
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
};

/** The files that only applications with a `store`, or with `worker`, load. */
export const STORE = /\/outbox-[\w-]+\.js$/;
export const APART = /\/apart-[\w-]+\.js$/;
