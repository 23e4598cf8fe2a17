const NUMBER = new Intl.NumberFormat("en");
const UNITS = ["B", "KB", "MB", "GB"];

/** 12345 → "12,345" */
export function count(value) {
  return NUMBER.format(value);
}

/** Bytes for people, decimal units: 1234 → ["1.2", "KB"] */
export function bytes(value) {
  let unit = 0;
  let amount = value;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return [unit === 0 || amount >= 100 ? String(Math.round(amount)) : amount.toFixed(1), UNITS[unit]];
}

/** Local wall clock with milliseconds: 09:05:07.041 */
export function clock(time) {
  const date = new Date(time);
  const two = (number) => String(number).padStart(2, "0");
  const milliseconds = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** Seconds for people: 7 → "7 s", 5400 → "1 h 30 min" */
export function seconds(value) {
  if (value === 0xffff_ffff) return "never ends";
  if (value < 120) return `${count(value)} s`;
  const parts = [
    [Math.floor(value / 86_400), "d"],
    [Math.floor(value / 3_600) % 24, "h"],
    [Math.floor(value / 60) % 60, "min"],
    [value % 60, "s"],
  ].filter(([amount]) => amount > 0);
  return parts
    .slice(0, 2)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** A reason code as the standard prints it: 135 → "0x87" */
export function reasonCode(value) {
  return `0x${value.toString(16).toUpperCase().padStart(2, "0")}`;
}
