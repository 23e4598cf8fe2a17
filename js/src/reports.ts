import type { ClientEvents } from "./client-events.js";
import type { ErrorCode } from "./error-codes.js";
import { MqttError } from "./errors.js";
import { contain, type Emitter } from "./events.js";
import type { Logger } from "./options.js";

/** What the engine infers from the ends of connections, without being sure; and that the page has to do the worker's work. */
const GUESSES: readonly ErrorCode[] = [
  "poison-message",
  "session-taken-over",
  "idle-timeout",
  "worker-unavailable",
];

/** Tells what no call waits for, and what the application wants logged. */
export class Reports {
  readonly #events: Emitter<ClientEvents>;
  readonly #logger: Logger | undefined;

  constructor(events: Emitter<ClientEvents>, logger: Logger | undefined) {
    this.#events = events;
    this.#logger = logger;
  }

  /** Something failed that no call waits for. */
  error(error: MqttError): void {
    this.#tell(error, "error", reportToHost);
  }

  /**
   * Something failed, or seems to: a guess is no failure, so it never becomes an uncaught error of the page. Returns the
   * error as it is told.
   */
  notice(notice: MqttError): MqttError {
    // The topic or filter that it is about stands where other errors have the words of the server.
    const { reasonString: detail, ...fields } = notice;
    const error = detail ? new MqttError(notice.code, { ...fields, detail, cause: notice.cause }) : notice;
    if (!GUESSES.includes(error.code)) this.error(error);
    else this.#tell(error, "warn", () => console.warn(`wasmqtt: ${error.message}`));
    return error;
  }

  log(level: keyof Logger, message: string, detail: unknown): void {
    contain(() => this.#logger?.[level]?.(`wasmqtt: ${message}`, detail), undefined, reportToHost);
  }

  #tell(error: MqttError, level: keyof Logger, unheard: (error: MqttError) => void): void {
    this.log(level, error.message, { code: error.code });
    if (this.#events.has("error")) this.#events.emit("error", error);
    else unheard(error);
  }
}

/** For what nobody of ours or the application's waits. */
export function reportToHost(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}
