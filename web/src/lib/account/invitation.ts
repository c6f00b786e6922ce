// The invitation that a guest brought, while they sign in or make an account, here or away at a
// provider: this tab remembers it until it is used or turned down.

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

/** The token that was kept; empty if there is none. */
export function kept(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}
