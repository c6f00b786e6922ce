// The history of consents is shown beside the switches, and who one is elsewhere.
import { accounts, identities } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:consents');
  depends('app:identities');
  const [history, providers, linked] = await Promise.all([
    guarded(() => accounts.consentHistory()),
    guarded(() => identities.providers()),
    guarded(() => identities.linked()),
  ]);
  return { history: history.items, providers, linked };
}
