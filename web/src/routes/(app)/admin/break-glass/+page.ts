// Every look into what is somebody else's, and the names of those who looked and were looked at.
import { admin } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:looks');
  return guarded(async () => {
    const [looks, users] = await Promise.all([admin.looks(), admin.users({})]);
    return { looks, users: users.items };
  });
}
