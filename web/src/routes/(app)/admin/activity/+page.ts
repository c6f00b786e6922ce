// The audit log, all of it or what is asked for, and the names of those in it.
import { admin } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, url }: PageLoadEvent) {
  await parent();
  const event = url.searchParams.get('event') ?? '';
  const account = url.searchParams.get('account') ?? '';
  return guarded(async () => {
    const [log, users] = await Promise.all([admin.auditLog({ event, account }), admin.users({})]);
    return { log, users: users.items, event, account };
  });
}
