import type { Target } from "./boundary.js";
import { asMqttError, MqttError } from "./errors.js";
import { checkCredentials, credentialFields } from "./normalize.js";
import type { Attempt, ClientOptions } from "./options.js";
import type { UrlRotation } from "./url.js";

/** Asks the application's functions for what one attempt needs, and stops when the attempt was given up meanwhile. */
export async function resolveTarget(
  attempt: Attempt,
  urls: UrlRotation,
  options: ClientOptions,
  isCurrent: () => boolean,
): Promise<Target> {
  try {
    const url = await urls.next(attempt);
    const given = options.credentials ? checkCredentials(await options.credentials(attempt)) : options;
    if (!isCurrent()) throw new MqttError("aborted"); // nobody would close a socket that is made now
    const protocols = [...(options.subprotocols ?? ["mqtt"])];
    const target: Target = { url, protocols, ...credentialFields(given) };
    if (options.webSocket) target.socket = options.webSocket(url, protocols);
    return target;
  } catch (error) {
    throw asMqttError(error, "provider-failed");
  }
}
