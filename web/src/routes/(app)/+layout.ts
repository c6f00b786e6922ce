// Behind this layout one is signed in; who is not goes to sign in and comes back.
import { redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { session } from '$lib/state/session.svelte';
import type { LayoutLoadEvent } from './$types';

export async function load({ parent, url }: LayoutLoadEvent) {
  await parent();
  if (session.state.kind === 'in') return;
  const next = encodeURIComponent(url.pathname + url.search);
  redirect(307, `${resolve('/login')}?next=${next}`);
}
