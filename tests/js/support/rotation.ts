import { asMqttError } from "../../../js/src/errors.js";
import type { ClientOptions, UrlSource } from "../../../js/src/options.js";
import { Rotation } from "../../../js/src/rotation.js";
import { checkUrl, Urls } from "../../../js/src/url.js";

/** What a client with several URLs or `redirect` has. */
export function rotation(source: UrlSource, redirect?: ClientOptions["redirect"]): Rotation {
  return new Rotation(new Urls(source), redirect, { checkUrl, asMqttError });
}
