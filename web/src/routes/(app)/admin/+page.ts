// The figures and the first accounts.
import { admin } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:admin');
  return guarded(async () => {
    const [stats, users] = await Promise.all([admin.stats(), admin.users({ q: '' })]);
    return { stats, users };
  });
}
