// The spaces in which a clone could be made.
import { spaces } from '$lib/api';
import { isSteward } from '$lib/spaces/roles';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent }: PageLoadEvent) {
  await parent();
  const all = await guarded(() => spaces.spaces());
  return { spaces: all.filter((space) => isSteward(space.role)) };
}
