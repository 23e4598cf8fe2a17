import type { Target } from "./boundary.js";
import { asMqttError, invalidArgument, MqttError } from "./errors.js";
import { checkCredentials, credentialFields } from "./normalize.js";
import type { Attempt, Authenticator, ClientOptions } from "./options.js";
import type { UrlRotation } from "./url.js";

/** The first data of an enhanced authentication, if there is one. */
export async function startAuthentication(
  authenticator: Authenticator | undefined,
): Promise<Uint8Array | undefined> {
  return authenticationData(await authenticator?.start?.());
}

/** The answer to a challenge. */
export async function answerChallenge(
  authenticator: Authenticator | undefined,
  challenge: Uint8Array,
): Promise<Uint8Array | undefined> {
  return authenticationData(await authenticator?.respond?.(challenge));
}

function authenticationData(data: Uint8Array | undefined): Uint8Array | undefined {
  if (data === undefined || data instanceof Uint8Array) return data;
  return invalidArgument("authenticator", "Return a Uint8Array, or nothing.");
}

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
    const authData = await startAuthentication(options.authenticator);
    if (!isCurrent()) throw new MqttError("aborted"); // nobody would close a socket that is made now
    const protocols = [...(options.subprotocols ?? ["mqtt"])];
    const target: Target = { url, protocols, ...credentialFields(given), ...(authData && { authData }) };
    if (options.webSocket) target.socket = options.webSocket(url, protocols);
    return target;
  } catch (error) {
    throw asMqttError(error, "provider-failed");
  }
}
