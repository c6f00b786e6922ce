// The figures, how the server is, and the first accounts.
import { accounts, admin, asApiError } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:admin');
  return guarded(async () => {
    const [stats, users, { mail }, health] = await Promise.all([
      admin.stats(),
      admin.users({ q: '' }),
      accounts.setupState(),
      // A server that is not well says so by refusing, and the rest is still to be seen.
      admin.health().catch(asApiError),
    ]);
    return { stats, users, mail, health };
  });
}
