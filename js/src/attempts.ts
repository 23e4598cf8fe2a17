import type { Target } from "./boundary.js";
import { answerChallenge, resolveTarget } from "./dial.js";
import { MqttError } from "./errors.js";
import type { ClientOptions } from "./options.js";
import { Renewal, type RenewalHost } from "./renewal.js";
import { isLoopback, sameOrigin, type UrlRotation } from "./url.js";

/** What the application says of attempts to connect: where they go, as whom, and whether there shall be another. */
export class Attempts {
  readonly #urls: UrlRotation;
  readonly #options: ClientOptions;
  readonly #report: (error: MqttError) => void;
  readonly renewal: Renewal;
  /** Tells the attempt that runs from those that were given up. */
  #dial = 0;
  #accepted = false;
  #failedAttempts = 0;
  #lastError: MqttError | undefined;
  /** Where the latest attempt went. */
  #address: string | undefined;

  constructor(urls: UrlRotation, options: ClientOptions, host: RenewalHost) {
    this.#urls = urls;
    this.#options = options;
    this.#report = (error) => host.report(error);
    this.renewal = new Renewal(options, host);
  }

  /** Whether the latest attempt went to this very machine. */
  get isLocal(): boolean {
    return this.#address !== undefined && isLoopback(this.#address);
  }

  /** Whether a browser means the latest attempt by the address that its policy blocked. */
  isAt(address: string): boolean {
    return sameOrigin(address, this.#address);
  }

  /** Where and as whom the coming attempt connects. */
  async target(number: number): Promise<Target> {
    const error = this.#lastError;
    const dial = ++this.#dial;
    const attempt = { number, ...(error && { error }) };
    const isCurrent = () => dial === this.#dial;
    const target = await resolveTarget(attempt, this.#urls, this.#options, this.renewal, isCurrent);
    this.#address = target.url;
    return target;
  }

  /** Gives `answer` what the application answers to a challenge, unless the attempt ended meanwhile. */
  challenge(challenge: Uint8Array, answer: (data: Uint8Array | undefined, giveUp: boolean) => void): void {
    const dial = this.#dial;
    const isCurrent = () => dial === this.#dial;
    answerChallenge(this.#options.authenticator, challenge).then(
      (data) => isCurrent() && answer(data, false),
      (cause) => {
        this.#report(new MqttError("handler-failed", { detail: "authenticator.respond", cause }));
        if (isCurrent()) answer(undefined, true);
      },
    );
  }

  /** The server accepted the connection. */
  accepted(): void {
    this.#accepted = true;
    this.renewal.connected();
  }

  /** The attempt or connection ended. Tells whether the server had accepted it, and whether the next one goes where it says. */
  ended(
    error: MqttError | undefined,
    attempt: number,
  ): { readonly wasAccepted: boolean; readonly follows: boolean } {
    const wasAccepted = this.#accepted;
    this.#accepted = false;
    this.giveUp(error);
    return { wasAccepted, follows: this.#urls.ended(error, wasAccepted, attempt) };
  }

  /** Nobody waits any more for what the application is asked for. */
  giveUp(error: MqttError | undefined): void {
    this.#dial++;
    this.#lastError = error;
    this.renewal.ended();
  }

  /** Whether the application wants the attempt that the engine plans. `isFirst`: nothing was accepted yet. */
  wantsRetry(error: MqttError | undefined, attempt: number, isFirst: boolean): boolean {
    const { retryInitial = false, retryIf } = this.#options.reconnect || {};
    if (isFirst && !retryInitial && ++this.#failedAttempts >= this.#urls.count) return false;
    try {
      return retryIf?.(error, attempt) ?? true;
    } catch (cause) {
      this.#report(new MqttError("handler-failed", { detail: "reconnect.retryIf", cause }));
      return false;
    }
  }
}
