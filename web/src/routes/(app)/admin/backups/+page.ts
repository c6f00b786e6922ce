// Where backups lie, when the next one is made, and what opens them.
import { admin } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:backups');
  return guarded(async () => ({ backups: await admin.backups() }));
}
