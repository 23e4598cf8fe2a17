// What is loaded only by clients with `credentials` or an `authenticator`. It imports nothing at run time: shared code would
// move to a file of its own, which every page would then load.
import type { check, Schema } from "./check.js";
import type { asMqttError, MqttError } from "./errors.js";
import type { Attempt, ClientOptions, Credentials, Introduction } from "./options.js";

/** Milliseconds before its end at which a token is renewed, unless a tenth of its life is less; twice as many, by chance. */
const MARGIN = 60_000;
/** Milliseconds between attempts to renew one. */
const SHORTEST_PAUSE = 5000;
const LONGEST_PAUSE = 60_000;
/** Milliseconds after which it is looked again at the latest: timers cannot take many more. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Ends that are closer to each other than this, in milliseconds, are those of one token. */
const SAME = 1000;

/** What renews. */
export interface RenewalHost {
  /** Connects again, in order and as soon as it is quiet. */
  reconnect(): void;
  /** Proves the identity on the connection that there is. */
  reauthenticate(data: Uint8Array | undefined): Promise<unknown>;
  report(error: MqttError): void;
}

/** What it shares with the rest of the client. */
export interface RenewalTools {
  readonly check: typeof check;
  /** What an application may answer. */
  readonly schemas: { readonly credentials: Schema; readonly introduction: Schema };
  readonly asMqttError: typeof asMqttError;
}

/** The life of a token. */
class Lease {
  /** The age at which it has to be renewed. */
  #due: number;
  readonly #life: number;
  readonly #wall = Date.now();
  readonly #steady = performance.now();

  constructor(seconds: number) {
    this.#life = seconds * 1000;
    this.#due = this.#life - Math.min(MARGIN, this.#life / 10) * (1 + Math.random());
  }

  /** The wall clock may be set back, the other one may stand still while the machine sleeps: the later one is right. */
  get #age(): number {
    return Math.max(Date.now() - this.#wall, performance.now() - this.#steady);
  }

  /** Milliseconds until it has to be renewed. */
  get wait(): number {
    return this.#due - this.#age;
  }

  /** Milliseconds until it expires. */
  get rest(): number {
    return this.#life - this.#age;
  }

  postpone(): void {
    this.#due = this.#age + Math.min(Math.max(this.rest / 2, SHORTEST_PAUSE), LONGEST_PAUSE);
  }
}

/** Something that the application gave, and how long it is good, if it said. */
interface Given<T> {
  readonly value: T;
  readonly lease: Lease | undefined;
}

/** Asks the application who this is, and again before the answer expires; and for answers to challenges. */
export class Renewal {
  readonly #options: ClientOptions;
  readonly #host: RenewalHost;
  readonly #tools: RenewalTools;
  #credentials: Lease | undefined;
  #introduction: Lease | undefined;
  /** For the next attempt. */
  #fresh: Given<Credentials> | undefined;
  /** Stands for the connection that there is. */
  #connection: object | undefined;
  /** The one on which something is being renewed. */
  #busy: object | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ClientOptions, host: RenewalHost, tools: RenewalTools) {
    this.#options = options;
    this.#host = host;
    this.#tools = tools;
  }

  /** User name and password for an attempt. */
  async credentials(attempt: Attempt): Promise<Credentials> {
    const fresh = isGood(this.#fresh) ? this.#fresh : undefined;
    this.#fresh = undefined;
    const { value, lease } = fresh ?? (await this.#ask(attempt));
    // Without reconnects there is no way to use others.
    this.#credentials = this.#options.reconnect === false ? undefined : lease;
    return value;
  }

  /** The first data of an enhanced authentication, if there is one. */
  async introduce(): Promise<Uint8Array | undefined> {
    const given = await this.#options.authenticator?.start?.();
    const introduction: Introduction =
      given instanceof Uint8Array ? { data: given } : given === undefined ? {} : given;
    this.#tools.check(introduction, this.#tools.schemas.introduction, "authenticator.");
    this.#introduction = leaseFor(introduction.expiresIn);
    return introduction.data;
  }

  /** The answer to a challenge. */
  async respond(challenge: Uint8Array): Promise<Uint8Array | undefined> {
    const data = await this.#options.authenticator?.respond?.(challenge);
    if (data === undefined || data instanceof Uint8Array) return data;
    const init = { detail: "authenticator", hint: "Return a Uint8Array, or nothing." };
    throw this.#tools.asMqttError(undefined, "invalid-argument", init);
  }

  /** The server accepted what was given. */
  connected(): void {
    this.#connection = {};
    this.look();
  }

  ended(): void {
    this.#connection = undefined;
    clearTimeout(this.#timer);
  }

  /** Renews what is due. To be called also when time may have passed unnoticed. */
  look(): void {
    clearTimeout(this.#timer);
    // There is another look when the network is back.
    if (!this.#connection || this.#busy === this.#connection || globalThis.navigator?.onLine === false)
      return;
    const [a, b] = [this.#credentials, this.#introduction];
    const next = a && b ? (a.wait < b.wait ? a : b) : (a ?? b);
    if (!next) return;
    const { wait } = next;
    if (wait > 0) this.#timer = setTimeout(() => this.look(), Math.min(wait, LONGEST_TIMER));
    else this.#renew(next);
  }

  async #renew(lease: Lease): Promise<void> {
    const connection = this.#connection;
    const isCredentials = lease === this.#credentials;
    this.#busy = connection;
    lease.postpone(); // also when there is nothing better, and when the client cannot reconnect now
    try {
      if (!isCredentials) await this.#reauthenticate(lease);
      else if ((await this.#refresh(lease)) && connection === this.#connection) this.#host.reconnect();
    } catch (cause) {
      this.#introduction?.postpone();
      const detail = isCredentials ? "credentials" : "authenticator";
      if (connection === this.#connection) {
        this.#host.report(this.#tools.asMqttError(cause, "provider-failed", { detail }));
      }
    }
    if (this.#busy === connection) this.#busy = undefined;
    this.look();
  }

  /** Whether there are credentials for the next attempt that last longer. */
  async #refresh({ rest }: Lease): Promise<boolean> {
    if (!isGood(this.#fresh)) this.#fresh = await this.#within(this.#ask({ number: 1, renewal: true }));
    const { lease } = this.#fresh;
    const isLonger = !lease || lease.rest > Math.max(rest, 0) + SAME;
    if (!isLonger) this.#fresh = undefined;
    return isLonger;
  }

  async #reauthenticate({ rest }: Lease): Promise<void> {
    await this.#host.reauthenticate(await this.#within(this.introduce()));
    const next = this.#introduction;
    if (next && next.rest < rest + SAME) next.postpone();
  }

  async #ask(attempt: Attempt): Promise<Given<Credentials>> {
    const { credentials } = this.#options;
    if (!credentials) return { value: this.#options, lease: undefined };
    const value = await credentials(attempt);
    this.#tools.check(value, this.#tools.schemas.credentials, "credentials.");
    return { value, lease: leaseFor(value.expiresIn) };
  }

  /** No answer is an answer too. */
  #within<T>(answer: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(this.#tools.asMqttError(undefined, "provider-timeout", { detail: "renewal" }));
      }, this.#options.connectTimeout ?? 20_000);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}

function leaseFor(seconds: number | undefined): Lease | undefined {
  return seconds === undefined ? undefined : new Lease(seconds);
}

function isGood(given: Given<unknown> | undefined): given is Given<unknown> {
  return given !== undefined && (given.lease?.rest ?? 1) > 0;
}
