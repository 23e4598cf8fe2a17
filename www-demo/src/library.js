/** The package, imported here and nowhere else. Rejects when it has not been built or not been copied. */
export const library = import("../pkg/index.js");
// Whoever connects reports the failure; nobody may have asked yet.
library.catch(() => {});
