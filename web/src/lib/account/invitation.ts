// The invitation that a guest brought, while they are away at a provider of sign-ins: this tab
// remembers it until they are back.

const KEY = 'clonememoria.invitation';

/** Remembers a token; an empty one forgets. */
export function keep(token: string): void {
  try {
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
  } catch {
    // Private windows may refuse storage; the link has to be opened once more then.
  }
}

/** The token that was kept, once; empty if there is none. */
export function take(): string {
  try {
    const token = sessionStorage.getItem(KEY) ?? '';
    sessionStorage.removeItem(KEY);
    return token;
  } catch {
    return '';
  }
}
