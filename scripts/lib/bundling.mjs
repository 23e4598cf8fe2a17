/** How an application bundles for its users: what esbuild is told wherever bytes or speed of an application are measured. */
export const APPLICATION = {
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
};

/** The files that only clients with a `store`, with `worker`, with `credentials` or an `authenticator`, or with several URLs or `redirect` load. */
export const STORE = /\/outbox-[\w-]+\.js$/;
export const APART = /\/apart-[\w-]+\.js$/;
export const RENEWAL = /\/renewal-[\w-]+\.js$/;
export const ROTATION = /\/rotation-[\w-]+\.js$/;

/** All of these but the worker's part: what a plain client never loads. */
export const ON_DEMAND = [STORE, RENEWAL, ROTATION];
