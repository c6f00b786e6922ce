// Everything runs in the browser; the first thing it needs to know is who is there.
import { error } from '@sveltejs/kit';
import { asApiError } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';
import { problemWords } from '$lib/i18n/problems';
import { session } from '$lib/state/session.svelte';
import type { LayoutLoadEvent } from './$types';

export const ssr = false;
export const prerender = false;

export async function load({ route }: LayoutLoadEvent) {
  // Over plain HTTP the API would send to TLS, which the first page is there to make trusted; who
  // comes by a share link has no account, and who was erased has none any more.
  if (route.id === '/trust' || route.id === '/share' || route.id === '/erased') {
    locale.useBrowser();
    return;
  }
  try {
    await session.ensure();
  } catch (cause) {
    const failed = asApiError(cause);
    error(failed.status === 0 ? 503 : failed.status, {
      message: problemWords(failed),
      code: failed.code,
    });
  }
}
