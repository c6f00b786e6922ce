// Only those who look after the server come in here; the server itself refuses everybody else.
import { redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { session } from '$lib/state/session.svelte';
import type { LayoutLoadEvent } from './$types';

export async function load({ parent }: LayoutLoadEvent) {
  await parent();
  if (session.account && !session.account.is_admin) redirect(307, resolve('/'));
}
