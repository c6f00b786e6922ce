// The history of consents is shown beside the switches, and who one is elsewhere; about the
// address, it matters whether this server sends mail.
import { accounts, identities } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:consents');
  depends('app:identities');
  return guarded(async () => {
    const [history, texts, setup, providers, linked] = await Promise.all([
      accounts.consentHistory(),
      accounts.consentTexts(locale.language),
      accounts.setupState(),
      identities.providers(),
      identities.linked(),
    ]);
    return { history: history.items, texts, mail: setup.mail, providers, linked };
  });
}
