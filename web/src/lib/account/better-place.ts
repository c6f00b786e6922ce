/**
 * Where to open the page instead, if nobody can sign in at its address: it is plain HTTP, where
 * browsers do not say who makes a request, and another than `front`, the one that was set for the
 * server. Null if all is well.
 */
export function betterPlace(front: string | null, at: URL, secure: boolean): string | null {
  if (!front || secure || new URL(front).origin === at.origin) return null;
  return new URL(at.pathname + at.search, front).href;
}
