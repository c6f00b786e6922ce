// How a clone answers.
import { clones } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ params, parent }: PageLoadEvent) {
  await parent();
  return { settings: await guarded(() => clones.cloneSettings(params.id)) };
}
