// The people around a clone.
import { clones } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ params, parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:people');
  return { people: (await guarded(() => clones.people(params.id))).items };
}
