/// <reference lib="esnext.disposable" preserve="true" />
/** The host's symbol for `await using`, or one that nobody else has. */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol("asyncDispose");
