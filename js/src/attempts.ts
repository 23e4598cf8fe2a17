import type { Target } from "./boundary.js";
import { check } from "./check.js";
import { resolveTarget, SUBPROTOCOLS } from "./dial.js";
import { type EarlySocket, isUsable, openEarly } from "./early.js";
import { asMqttError, MqttError } from "./errors.js";
import { CREDENTIALS, INTRODUCTION } from "./normalize.js";
import type { ClientOptions } from "./options.js";
import type { Renewal, RenewalHost } from "./renewal.js";
import type { Rotation } from "./rotation.js";
import { checkUrl, isLoopback, sameOrigin, type Urls } from "./url.js";

/** Options that have nothing done before a socket opens, and that engines hardly ever refuse. */
const SURE: readonly string[] = [
  "protocolVersion",
  "clientId",
  "cleanStart",
  "username",
  "password",
  "subprotocols",
  "offlineQueue",
  "whenClientIdInUse",
  "logger",
] satisfies (keyof ClientOptions)[];

/** What the application says of attempts to connect: where they go, as whom, and whether there shall be another. */
export class Attempts {
  readonly #urls: Urls;
  readonly #options: ClientOptions;
  readonly #host: RenewalHost;
  #loading: Promise<unknown> | undefined;
  #renewal: Renewal | undefined;
  #rotation: Rotation | undefined;
  /** Tells the attempt that runs from those that were given up. */
  #dial = 0;
  #accepted = false;
  #failedAttempts = 0;
  #lastError: MqttError | undefined;
  /** Where the latest attempt went. */
  #address: string | undefined;
  /** For the first one. */
  #early: EarlySocket | undefined;

  constructor(urls: Urls, options: ClientOptions, host: RenewalHost) {
    this.#urls = urls;
    this.#options = options;
    this.#host = host;
  }

  /** Loads the code that only some options need. Before anything else. */
  load(): Promise<unknown> {
    const { credentials, authenticator, redirect } = this.#options;
    this.#loading ??= Promise.all([
      (credentials || authenticator) && this.#loadRenewal(),
      (redirect || this.#urls.count > 1) && this.#loadRotation(),
    ]);
    return this.#loading;
  }

  async #loadRenewal(): Promise<void> {
    const { Renewal } = await import("./renewal.js").catch(missing("credentials"));
    this.#renewal = new Renewal(this.#options, this.#host, {
      check,
      schemas: { credentials: CREDENTIALS, introduction: INTRODUCTION },
      asMqttError,
    });
  }

  async #loadRotation(): Promise<void> {
    const { Rotation } = await import("./rotation.js").catch(missing("several URLs and `redirect`"));
    this.#rotation = new Rotation(this.#urls, this.#options.redirect, { checkUrl, asMqttError });
  }

  /** Renews what is due. To be called also when time may have passed unnoticed. */
  look(): void {
    this.#renewal?.look();
  }

  /** The first data of an authentication, if there is one. */
  async introduce(): Promise<Uint8Array | undefined> {
    await this.load();
    return this.#renewal?.introduce();
  }

  /** Whether the latest attempt went to this very machine. */
  get isLocal(): boolean {
    return this.#address !== undefined && isLoopback(this.#address);
  }

  /** Whether a browser means the latest attempt by the address that its policy blocked. */
  isAt(address: string): boolean {
    return sameOrigin(address, this.#address);
  }

  /** Opens the socket of the first attempt, before an engine asks for it, if it needs nothing but its URL. */
  begin(): void {
    const { first } = this.#urls;
    const isSure = Object.keys(this.#options).every((name) => SURE.includes(name));
    if (first && isSure && globalThis.navigator?.onLine !== false)
      this.#early = openEarly(first, this.#options.subprotocols ?? SUBPROTOCOLS);
  }

  /** Where and as whom the coming attempt connects. */
  async target(number: number): Promise<Target> {
    const error = this.#lastError;
    const dial = ++this.#dial;
    const attempt = { number, ...(error && { error }) };
    const isCurrent = () => dial === this.#dial;
    const target = await resolveTarget(
      attempt,
      this.#rotation ?? this.#urls,
      this.#options,
      this.#renewal,
      isCurrent,
    );
    this.#address = target.url;
    const early = this.#early;
    this.#early = undefined;
    return early && isUsable(early) ? { ...target, socket: early } : target;
  }

  /** Gives `answer` what the application answers to a challenge, unless the attempt ended meanwhile. */
  challenge(challenge: Uint8Array, answer: (data: Uint8Array | undefined, giveUp: boolean) => void): void {
    const dial = this.#dial;
    const isCurrent = () => dial === this.#dial;
    this.#renewal?.respond(challenge).then(
      (data) => isCurrent() && answer(data, false),
      (cause) => {
        this.#host.report(new MqttError("handler-failed", { detail: "authenticator.respond", cause }));
        if (isCurrent()) answer(undefined, true);
      },
    );
  }

  /** The server accepted the connection. */
  accepted(): void {
    this.#accepted = true;
    this.#renewal?.connected();
  }

  /** The attempt or connection ended. Tells whether the server had accepted it, and whether the next one goes where it says. */
  ended(
    error: MqttError | undefined,
    attempt: number,
  ): { readonly wasAccepted: boolean; readonly follows: boolean } {
    const wasAccepted = this.#accepted;
    this.#accepted = false;
    this.giveUp(error);
    return { wasAccepted, follows: this.#rotation?.ended(error, wasAccepted, attempt) ?? false };
  }

  /** Nobody waits any more for what the application is asked for. */
  giveUp(error: MqttError | undefined): void {
    this.#dial++;
    this.#early?.close();
    this.#early = undefined;
    this.#lastError = error;
    this.#renewal?.ended();
  }

  /** Whether the application wants the attempt that the engine plans. `isFirst`: nothing was accepted yet. */
  wantsRetry(error: MqttError | undefined, attempt: number, isFirst: boolean): boolean {
    const { retryInitial = false, retryIf } = this.#options.reconnect || {};
    if (isFirst && !retryInitial && ++this.#failedAttempts >= this.#urls.count) return false;
    try {
      return retryIf?.(error, attempt) ?? true;
    } catch (cause) {
      this.#host.report(new MqttError("handler-failed", { detail: "reconnect.retryIf", cause }));
      return false;
    }
  }
}

/** A file of the package could not be loaded. */
function missing(what: string): (cause: unknown) => never {
  const hint = "Serve all files of wasmqtt beside its script; `cause` says more.";
  return (cause) => {
    throw new MqttError("wasm-load-failed", { detail: `script for ${what}`, hint, cause });
  };
}
