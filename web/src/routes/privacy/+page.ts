// Anybody may read what is done with people's data here.
import { privacy } from '$lib/api';
import { locale } from '$lib/i18n/index.svelte';
import { session } from '$lib/state/session.svelte';

export async function load() {
  // Whoever is signed in reads it in their own language.
  await session.ensure();
  return { notice: await privacy.notice(locale.language) };
}
