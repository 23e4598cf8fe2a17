import type { Target } from "./boundary.js";
import { asMqttError, MqttError } from "./errors.js";
import { credentialFields } from "./normalize.js";
import type { Attempt, ClientOptions } from "./options.js";
import type { Renewal } from "./renewal.js";

/** What is offered unless the application says otherwise (5.0 and 3.1.1, section 6). */
export const SUBPROTOCOLS: readonly string[] = ["mqtt"];

/** What gives an attempt its URL. */
export interface UrlChoice {
  next(attempt: Attempt): Promise<string>;
}

/** Asks the application's functions for what one attempt needs, and stops when the attempt was given up meanwhile. */
export async function resolveTarget(
  attempt: Attempt,
  urls: UrlChoice,
  options: ClientOptions,
  renewal: Renewal | undefined,
  isCurrent: () => boolean,
): Promise<Target> {
  try {
    const url = await urls.next(attempt);
    const given = (await renewal?.credentials(attempt)) ?? options;
    const authData = await renewal?.introduce();
    if (!isCurrent()) throw new MqttError("aborted"); // nobody would close a socket that is made now
    const protocols = [...(options.subprotocols ?? SUBPROTOCOLS)];
    const target: Target = { url, protocols, ...credentialFields(given), ...(authData && { authData }) };
    if (options.webSocket) target.socket = options.webSocket(url, protocols);
    return target;
  } catch (error) {
    throw asMqttError(error, "provider-failed");
  }
}
