// The clone that all pages below are about.
import { clones } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { LayoutLoadEvent } from './$types';

export async function load({ params, parent, depends }: LayoutLoadEvent) {
  await parent();
  depends('app:clone');
  return { clone: await guarded(() => clones.clone(params.id)) };
}
