// The page to sign in at, which leads on to where one is or was going.
import { resolve } from '$app/paths';
import { navigating, page } from '$app/state';

export function signInAddress(): string {
  const { pathname, search } = navigating.to?.url ?? page.url;
  return `${resolve('/login')}?next=${encodeURIComponent(pathname + search)}`;
}
