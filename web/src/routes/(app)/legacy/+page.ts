// What one claimed, and the words that are declared.
import { legacy } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:claims');
  return guarded(() => legacy.claims(locale.tag));
}
