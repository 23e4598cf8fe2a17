const SECTION = 2 ** 25;
const ONLY_311 = 2 ** 26;

/** The name of a rule of the standard, of which the engine gives the number: see src/rule.rs. */
export function ruleName(number: number): string {
  const digits = [...(number % SECTION).toString(32)];
  const parts = digits.map((digit) => Number.parseInt(digit, 32)).join(".");
  const name = number & SECTION ? `§${parts}` : `MQTT-${parts.replace(/\.(?=\d+$)/, "-")}`;
  return number & ONLY_311 ? `3.1.1 ${name}` : name;
}
