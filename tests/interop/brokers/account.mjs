// The one account of the guarded endpoints, and what it may not do.

export const account = { username: "alice", password: "correct horse" };

/** Topics below this one the account may read and write. */
export const allowed = "allowed";

/** Topics below this one the account may neither read nor write. */
export const denied = "denied";

/** Topics below this one the account may read but not write. */
export const readonly = "readonly";
