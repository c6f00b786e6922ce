// Everything runs in the browser; the first thing it needs to know is who is there.
import { error } from '@sveltejs/kit';
import { asApiError } from '$lib/api';
import { problemWords } from '$lib/i18n/problems';
import { session } from '$lib/state/session.svelte';

export const ssr = false;
export const prerender = false;

export async function load() {
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
