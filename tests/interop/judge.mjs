// Holds what was seen against what was declared. The declarations are in declared/, one file for each broker:
// `{ "version": "…", "4": { capability: limit }, "5": { … }, "notTried": { capability: reason } }`.
// A capability that no limit is declared for must work; a limit must be met again, word for word.

/**
 * Judges the outcome of one capability: `{ kind, seen }` as the page gives it, `kind` being "works", "limit" or "fail".
 * Returns the same plus `problem`, a line that says what changed, or nothing; `server` marks what the broker did.
 */
export function judge({ kind, seen }, declared) {
  if (kind === "fail") return { kind, seen, problem: `failed: ${seen}` };
  if (kind === "works" && declared === undefined) return { kind, seen };
  if (kind === "works") return { kind, seen, problem: `works now, but was declared as: ${declared}` };
  if (seen === declared) return { kind, seen, server: true };
  const before = declared === undefined ? "worked before" : `was declared as: ${declared}`;
  return { kind: "fail", seen, server: true, problem: `${before}; now: ${seen}` };
}

/** What is wrong with the declarations of one broker: names of no capability, or of one that this version lacks. */
export function misdeclared({ versions }, declared, capabilities) {
  const problems = [];
  const known = new Map(capabilities.map((capability) => [capability.id, capability]));
  for (const version of ["4", "5"]) {
    for (const [id, limit] of Object.entries(declared[version] ?? {})) {
      const applies = known.get(id)?.versions.includes(Number(version)) && versions.includes(Number(version));
      if (!applies) problems.push(`${version}: "${id}" is no capability there`);
      if (typeof limit !== "string" || limit === "")
        problems.push(`${version}: "${id}" needs the limit as text`);
    }
  }
  for (const id of Object.keys(declared.notTried ?? {})) {
    if (!known.has(id)) problems.push(`notTried: "${id}" is no capability`);
  }
  return problems;
}
