/** Longer pieces of a path are more likely tokens than names. */
const LONGEST_NAME = 24;
const LONGEST_TEXT = 200;

/** The address without user, password, values of the query, and pieces of the path that may be tokens. */
export function shownUrl(url: URL): string {
  return `${url.origin}${shownPath(url)}`;
}

export function shownPath(url: URL): string {
  const path = url.pathname
    .split("/")
    .map((part) => (part.length > LONGEST_NAME ? "…" : part))
    .join("/");
  const names = [...url.searchParams.keys()].map((name) => (name.length > LONGEST_NAME ? "…" : name));
  return names.length > 0 ? `${path}?${names.map((name) => `${name}=…`).join("&")}` : path;
}

/** Text of a server: one short line, without the secrets that it may repeat. */
export function shownText(text: string, secrets: readonly unknown[]): string {
  let shown = text;
  for (const secret of secrets) {
    if (typeof secret === "string" && secret !== "") shown = shown.replaceAll(secret, "…");
  }
  shown = shown.replace(/[\p{C}\s]+/gu, " ").trim();
  return shown.length > LONGEST_TEXT ? `${shown.slice(0, LONGEST_TEXT)}…` : shown;
}
