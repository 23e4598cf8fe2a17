/** What a page can tell its clients. */
export interface PageListener {
  /** The page may have slept: browsers slow timers down in the background and stop them on suspend. */
  wake(): void;
  /** The page is left. Whether it is kept for the Back button or destroyed, its connections are to end now. */
  leave(): void;
  /** The page's Content Security Policy refused a request to this address. */
  blocked(address: string): void;
}

/**
 * Listens to nothing that would keep the page out of the back/forward cache. Returns the function that stops it.
 */
export function watchPage({ wake, leave, blocked }: PageListener): () => void {
  const { document } = globalThis;
  const refuse = (event: SecurityPolicyViolationEvent) => blocked(event.blockedURI);
  const targets = [
    [globalThis, "online", wake],
    [globalThis, "pageshow", wake],
    [document, "visibilitychange", wake],
    [globalThis, "pagehide", leave],
    // A worker has no document; there the event comes to its global scope.
    [document ?? globalThis, "securitypolicyviolation", refuse as (event: Event) => void],
  ] as const;
  for (const [target, type, listener] of targets) target?.addEventListener?.(type, listener);
  return () => {
    for (const [target, type, listener] of targets) target?.removeEventListener?.(type, listener);
  };
}
