// What the account was told.
import { notifications } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import { inbox } from '$lib/state/inbox.svelte';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:notifications');
  const { items, unread } = await guarded(() => notifications.inbox());
  inbox.know(unread);
  return { items, unread };
}
