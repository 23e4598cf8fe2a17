import { MqttError } from "./errors.js";
import { assertWellFormed } from "./utf8.js";

/** What kinds of values there are: `typeof` names, a few of our own, or the list of allowed values. */
export type Kind =
  | "string"
  | "boolean"
  | "number"
  | "integer"
  | "function"
  | "object"
  | keyof typeof SPECIAL
  | readonly unknown[];

/** The names that an options object may have. */
export type Schema = Readonly<Record<string, Kind>>;

const SPECIAL = {
  bytes: [(value: unknown) => value instanceof Uint8Array, "a Uint8Array"],
  secret: [
    (value: unknown) => typeof value === "string" || value instanceof Uint8Array,
    "a string or a Uint8Array",
  ],
  payload: [
    (value: unknown) =>
      typeof value === "string" || value instanceof Uint8Array || value instanceof ArrayBuffer,
    "a string, a Uint8Array or an ArrayBuffer",
  ],
  switchable: [
    (value: unknown) => value === false || (typeof value === "object" && value !== null),
    "false or an object",
  ],
  store: [
    (value: unknown) =>
      value === "memory" || value === "indexeddb" || (typeof value === "object" && value !== null),
    '"memory", "indexeddb" or an object',
  ],
  worker: [
    (value: unknown) => typeof value === "boolean" || typeof value === "function",
    "true, false or a function",
  ],
  strings: [(value: unknown) => isListOf(value, isString), "a list of strings"],
  pairs: [
    (value: unknown) =>
      isListOf(value, (pair) => isListOf(pair, isString) && (pair as string[]).length === 2),
    "a list of [name, value] pairs of strings",
  ],
  integer: [
    (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
    "a whole number, 0 or more",
  ],
  number: [(value: unknown) => Number.isFinite(value), "a finite number"],
} as const;

/**
 * Throws `invalid-option` for a name that is not in `schema` or a value of another kind; `undefined` is as good as
 * absent. Ranges and rules of MQTT are the engine's business. `path` precedes names, as in "reconnect.".
 */
export function check(options: object, schema: Schema, path = ""): void {
  if (typeof options !== "object" || options === null) {
    throw new MqttError("invalid-option", {
      detail: path.slice(0, -1) || "options",
      hint: "Pass an object.",
    });
  }
  for (const name of Object.keys(options)) {
    const value = (options as Record<string, unknown>)[name];
    const kind = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (kind === undefined) throw unknownOption(path + name, closest(name, Object.keys(schema)));
    if (value !== undefined) checkValue(path + name, value, kind);
  }
}

function checkValue(name: string, value: unknown, kind: Kind): void {
  if (!fits(value, kind)) {
    const hint = `\`${name}\` must be ${expected(kind)}.`;
    throw new MqttError("invalid-option", { detail: name, hint });
  }
  if (isString(value)) assertWellFormed(value, "invalid-option", name);
  else if (kind === "pairs" || kind === "strings")
    for (const text of (value as string[]).flat()) assertWellFormed(text, "invalid-option", name);
}

function fits(value: unknown, kind: Kind): boolean {
  if (typeof kind !== "string") return kind.includes(value);
  if (kind in SPECIAL) return SPECIAL[kind as keyof typeof SPECIAL][0](value);
  return value !== null && typeof value === kind;
}

function expected(kind: Kind): string {
  if (typeof kind !== "string") return `one of ${kind.map((allowed) => JSON.stringify(allowed)).join(", ")}`;
  if (kind in SPECIAL) return SPECIAL[kind as keyof typeof SPECIAL][1];
  return `${kind === "object" ? "an" : "a"} ${kind}`;
}

function unknownOption(name: string, guess: string | undefined): MqttError {
  const hint = guess
    ? `Did you mean \`${guess}\`?`
    : "There is no such option; see the documentation for those there are.";
  return new MqttError("invalid-option", { detail: name, hint });
}

/** Catches other spellings and words left out: keepalive, clientID, clean, reconnectPeriod. */
function closest(name: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
  const wanted = plain(name);
  const alike = (candidate: string) => candidate.startsWith(wanted) || wanted.startsWith(candidate);
  return wanted ? candidates.find((candidate) => alike(plain(candidate))) : undefined;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isListOf(value: unknown, fits: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}
