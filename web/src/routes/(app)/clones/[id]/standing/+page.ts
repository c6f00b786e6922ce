// On whose word the clone is here.
import { standing } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ params, parent, depends }: PageLoadEvent) {
  depends('app:standing');
  await parent();
  return guarded(async () => ({ standing: await standing.standing(params.id, locale.tag) }));
}
