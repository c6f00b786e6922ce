// The figures and the first accounts, or those that are looked for.
import { admin } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends, url }: PageLoadEvent) {
  await parent();
  depends('app:admin');
  const q = url.searchParams.get('q') ?? '';
  return guarded(async () => {
    const [stats, users] = await Promise.all([admin.stats(), admin.users({ q })]);
    return { stats, users, q };
  });
}
