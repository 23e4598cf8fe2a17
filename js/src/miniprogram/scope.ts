// What stands for names of the web platform in the build for mini-programs, where these names do not exist: there every
// free name of a client means what is exported here. Nothing is put on a global, so no other library is disturbed.
import { page } from "./page-events.js";

export { AbortController, AbortSignal } from "./abort.js";
export { random as crypto } from "./random.js";
export { HostUrl as URL } from "./url.js";
export { page as globalThis };

// What is asked for before it is used: mini-programs have none of it.
export const Blob = undefined;
export const reportError = undefined;
export const indexedDB = undefined;
export const MessageChannel = undefined;
