// The keys of the account, and the clones that a new one could be for.
import { clones, keys } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:keys');
  return guarded(async () => {
    const [list, all] = await Promise.all([keys.keys(), clones.clones()]);
    return { keys: list, clones: all.items };
  });
}
