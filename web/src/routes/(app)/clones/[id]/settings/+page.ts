// How a clone answers, and the spaces it could be in.
import { clones, spaces, standing } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ params, parent, depends }: PageLoadEvent) {
  depends('app:standing');
  await parent();
  return guarded(async () => {
    const [settings, all, stands] = await Promise.all([
      clones.cloneSettings(params.id),
      spaces.spaces(),
      standing.standing(params.id, locale.tag),
    ]);
    return { settings, spaces: all, standing: stands };
  });
}
