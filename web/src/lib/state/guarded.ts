// Loads for a page: a failure becomes SvelteKit's error, so that the error page can say it.
import { error } from '@sveltejs/kit';
import { asApiError } from '$lib/api';
import { problemWords } from '$lib/i18n/problems';

export async function guarded<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const failed = asApiError(cause);
    error(failed.status >= 400 ? failed.status : 503, {
      message: problemWords(failed),
      code: failed.code,
      requestId: failed.problem.request_id,
    });
  }
}
