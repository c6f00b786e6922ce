// Where to go after signing in: back to where one was, never to another site.

export function safeNext(next: string | null, base: string): string {
  const home = `${base}/`;
  if (!next?.startsWith(home)) return home;
  // "//host" and "/\host" are other sites to a browser.
  return /^[/\\]{2}/.test(next) || next.includes('\\') ? home : next;
}

/** The same as a path within the app, as the server wants it. */
export function nextWithin(next: string | null, base: string): string {
  return safeNext(next, base).slice(base.length);
}
