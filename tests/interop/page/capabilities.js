// Every capability of the interoperability run, in the order of the table.
//
// `{ id, title, run(t) }`, and where it is not for every version and the open endpoint: `versions`, `endpoint`.
// `run` returns when the capability was seen working. Otherwise `t.hope` says what the broker does instead, or an MqttError
// leaves through it. Absence is shown by something sent later that arrives, not by waiting.
import { access } from "./access.js";
import { delivery } from "./delivery.js";
import { limits } from "./limits.js";
import { properties } from "./properties.js";
import { sessions } from "./sessions.js";
import { subscriptions } from "./subscriptions.js";

const defaults = { versions: [4, 5], endpoint: "open" };

export const capabilities = [delivery, subscriptions, sessions, properties, limits, access]
  .flat()
  .map((capability) => ({ ...defaults, ...capability }));
