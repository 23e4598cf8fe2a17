/** What a page can tell its clients. */
export interface PageListener {
  /**
   * The page woke up, or something about it changed. Browsers slow timers down in the background and stop them on
   * suspend. `presence`: 0 visible, 1 hidden, 2 frozen, 3 left for good or until somebody goes back.
   */
  changed(presence: number, offline: boolean): void;
  /** The page's Content Security Policy refused a request to this address. */
  blocked(address: string): void;
}

/** What watches a page. */
export interface PageWatch {
  /** Tells how things are, now. */
  look(): void;
  /** Ends it. */
  stop(): void;
}

/** The presence of a page that was left. */
export const LEFT = 3;

const STOPS: Record<string, number> = { pagehide: LEFT, freeze: 2, resume: 0, pageshow: 0 };

/** Listens to nothing that would keep the page out of the back/forward cache. */
export function watchPage({ changed, blocked }: PageListener): PageWatch {
  const { document, navigator } = globalThis;
  let stopped = 0;
  const look = (event?: Event) => {
    const hidden = document?.visibilityState === "hidden";
    // A page that is left tells afterwards that it is hidden, and maybe frozen.
    const stops = STOPS[event?.type ?? ""] ?? (hidden ? stopped : 0);
    stopped = stops && Math.max(stops, stopped);
    changed(stopped || Number(hidden), navigator?.onLine === false);
  };
  const refuse = (event: SecurityPolicyViolationEvent) => blocked(event.blockedURI);
  // A worker has no document; there violations come to its global scope.
  const page = document ?? globalThis;
  const targets = [
    [globalThis, "online", look],
    [globalThis, "offline", look],
    [globalThis, "pageshow", look],
    [globalThis, "pagehide", look],
    [page, "visibilitychange", look],
    [page, "freeze", look],
    [page, "resume", look],
    [page, "securitypolicyviolation", refuse as (event: Event) => void],
  ] as const;
  for (const [target, type, listener] of targets) target.addEventListener?.(type, listener);
  return {
    look: () => look(),
    stop() {
      for (const [target, type, listener] of targets) target.removeEventListener?.(type, listener);
    },
  };
}
