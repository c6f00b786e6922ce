// The secret part of a link that somebody opened. It is taken out of the address at once, so that
// it is in no history and on no screenshot, and kept by this page only until it is used; that of an
// invitation by the tab, too, while its guest is away to sign in.
import { afterNavigate, replaceState } from '$app/navigation';
import { page } from '$app/state';
import { take } from './invitation';

/** The token of the address that the page was opened with; to be asked while a page is set up. */
export function tokenFromAddress(name = 'token'): string {
  const token = page.url.searchParams.get(name)?.trim() ?? '';
  afterNavigate(() => {
    if (!page.url.searchParams.has(name)) return;
    const others = [...page.url.searchParams].filter(([key]) => key !== name);
    const rest = others.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
    replaceState(`${page.url.pathname}${rest && '?'}${rest}`, {});
  });
  return token;
}

class Carried {
  /** An invitation, while its guest signs in or makes an account. */
  invitation = $state(take());
}

export const carried = new Carried();
