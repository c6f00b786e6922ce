// The history of consents is shown beside the switches.
import { accounts } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:consents');
  return { history: (await guarded(() => accounts.consentHistory())).items };
}
