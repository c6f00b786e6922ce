// The providers that people sign in with.
import { admin } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:providers');
  return guarded(async () => ({ providers: await admin.providers() }));
}
