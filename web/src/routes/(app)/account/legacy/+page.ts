// Whom one named for after one's death, and whether mails can be sent.
import { accounts, legacy } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:legacy');
  return guarded(async () => {
    const [contact, setup] = await Promise.all([legacy.contact(), accounts.setupState()]);
    return { contact, mail: setup.mail };
  });
}
