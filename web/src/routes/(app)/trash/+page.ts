// What was thrown away and can still be brought back.
import { clones } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:trash');
  return { items: (await guarded(() => clones.trash())).items };
}
