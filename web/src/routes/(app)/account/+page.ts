// The history of consents is shown beside the switches; about the address, it matters whether
// this server sends mail.
import { accounts } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:consents');
  return guarded(async () => {
    const [history, setup] = await Promise.all([accounts.consentHistory(), accounts.setupState()]);
    return { history: history.items, mail: setup.mail };
  });
}
