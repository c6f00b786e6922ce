// These pages are for those who are not signed in.
import { redirect } from '@sveltejs/kit';
import { base } from '$app/paths';
import { safeNext } from '$lib/account/next';
import { session } from '$lib/state/session.svelte';
import type { LayoutLoadEvent } from './$types';

export async function load({ parent, url }: LayoutLoadEvent) {
  await parent();
  if (session.state.kind === 'in') redirect(307, safeNext(url.searchParams.get('next'), base));
}
