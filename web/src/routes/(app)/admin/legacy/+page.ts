// What is claimed of whom on this server.
import { legacy } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:all-claims');
  return guarded(async () => ({ claims: await legacy.all() }));
}
