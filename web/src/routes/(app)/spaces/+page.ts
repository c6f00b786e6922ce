// The spaces one is in.
import { spaces } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:spaces');
  return { spaces: await guarded(() => spaces.spaces()) };
}
