import type { Target } from "./boundary.js";
import { asMqttError } from "./errors.js";
import { checkCredentials, credentialFields } from "./normalize.js";
import type { Attempt, ClientOptions } from "./options.js";
import type { UrlRotation } from "./url.js";

/** Asks the application's functions for what one attempt needs. */
export async function resolveTarget(
  attempt: Attempt,
  urls: UrlRotation,
  options: ClientOptions,
): Promise<Target> {
  try {
    const url = await urls.next(attempt);
    const given = options.credentials ? checkCredentials(await options.credentials(attempt)) : options;
    const protocols = [...(options.subprotocols ?? ["mqtt"])];
    const target: Target = { url, protocols, ...credentialFields(given) };
    if (options.webSocket) target.socket = options.webSocket(url, protocols);
    return target;
  } catch (error) {
    throw asMqttError(error, "provider-failed");
  }
}
