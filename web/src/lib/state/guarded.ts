// Loads for a page: a failure becomes SvelteKit's error, so that the error page can say it; except
// the end of the session, which leads to signing in.
import { error, redirect } from '@sveltejs/kit';
import { asApiError } from '$lib/api';
import { signInAddress } from '$lib/account/sign-in.svelte';
import { problemWords } from '$lib/i18n/problems';
import { session } from './session.svelte';

export async function guarded<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const failed = asApiError(cause);
    if (failed.signedOut) {
      const address = signInAddress();
      await session.leave();
      redirect(307, address);
    }
    error(failed.status >= 400 ? failed.status : 503, {
      message: problemWords(failed),
      code: failed.code,
      requestId: failed.problem.request_id,
    });
  }
}
