import { MqttError } from "./errors.js";
import { assertWellFormed } from "./utf8.js";

/** A kind of values: which ones they are, and how a sentence calls them. */
export type Kind = readonly [fits: (value: unknown) => boolean, name: string];

/** The names that an options object may have. */
export type Schema = Readonly<Record<string, Kind>>;

export const STRING: Kind = [isString, "a string"];
export const BOOLEAN = typed("boolean");
export const FUNCTION = typed("function");
export const OBJECT: Kind = [(value) => typeof value === "object" && value !== null, "an object"];
export const BYTES: Kind = [(value) => value instanceof Uint8Array, "a Uint8Array"];
export const ARRAY_BUFFER: Kind = [(value) => value instanceof ArrayBuffer, "an ArrayBuffer"];
export const NUMBER: Kind = [(value) => Number.isFinite(value), "a finite number"];
export const INTEGER: Kind = [
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  "a whole number, 0 or more",
];
export const STRINGS: Kind = [(value) => isListOf(value, isString), "a list of strings"];
export const PAIRS: Kind = [
  (value) => isListOf(value, (pair) => isListOf(pair, isString) && (pair as string[]).length === 2),
  "a list of [name, value] pairs of strings",
];

export function oneOf(...values: readonly unknown[]): Kind {
  const names = values.map((value) => JSON.stringify(value)).join(", ");
  return [(value) => values.includes(value), `${values.length > 1 ? "one of " : ""}${names}`];
}

export function either(...kinds: readonly Kind[]): Kind {
  return [(value) => kinds.some(([fits]) => fits(value)), kinds.map(([, name]) => name).join(" or ")];
}

/**
 * Throws `invalid-option` for a name that is not in `schema` or a value of another kind; `undefined` is as good as
 * absent. Ranges and rules of MQTT are the engine's business. `path` precedes names, as in "reconnect.".
 */
export function check(options: object, schema: Schema, path = ""): void {
  if (!OBJECT[0](options)) throw invalidOption(path.slice(0, -1) || "options", "Pass an object.");
  for (const name of Object.keys(options)) {
    const value = (options as Record<string, unknown>)[name];
    const kind = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (!kind) throw unknownOption(path + name, closest(name, Object.keys(schema)));
    if (value !== undefined) checkValue(path + name, value, kind);
  }
}

/** @internal An option that is wrong, and what to do about it. */
export function invalidOption(detail: string, hint: string): MqttError {
  return new MqttError("invalid-option", { detail, hint });
}

function checkValue(name: string, value: unknown, kind: Kind): void {
  if (!kind[0](value)) throw invalidOption(name, `\`${name}\` must be ${kind[1]}.`);
  if (isString(value)) assertWellFormed(value, "invalid-option", name);
  else if (kind === PAIRS || kind === STRINGS)
    for (const text of (value as string[]).flat()) assertWellFormed(text, "invalid-option", name);
}

function unknownOption(name: string, guess: string | undefined): MqttError {
  const hint = guess
    ? `Did you mean \`${guess}\`?`
    : "There is no such option; see the documentation for those there are.";
  return invalidOption(name, hint);
}

/** Catches other spellings and words left out: keepalive, clientID, clean, reconnectPeriod. */
function closest(name: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
  const wanted = plain(name);
  const alike = (candidate: string) => candidate.startsWith(wanted) || wanted.startsWith(candidate);
  return wanted ? candidates.find((candidate) => alike(plain(candidate))) : undefined;
}

function typed(type: string): Kind {
  return [(value) => typeof value === type, `a ${type}`];
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isListOf(value: unknown, fits: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}
