// The register of processing, in the language of the app.
import { privacy } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent }: PageLoadEvent) {
  await parent();
  return guarded(async () => ({ register: await privacy.register(locale.language) }));
}
