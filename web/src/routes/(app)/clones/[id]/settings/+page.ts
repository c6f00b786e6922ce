// How a clone answers, and the spaces it could be in.
import { clones, spaces } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ params, parent }: PageLoadEvent) {
  await parent();
  return guarded(async () => {
    const [settings, all] = await Promise.all([clones.cloneSettings(params.id), spaces.spaces()]);
    return { settings, spaces: all };
  });
}
