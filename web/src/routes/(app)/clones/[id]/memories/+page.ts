// The names of people are offered while a memory is told.
import { clones } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ params, parent, url, depends }: PageLoadEvent) {
  await parent();
  depends('app:people');
  const people = await guarded(() => clones.people(params.id));
  return {
    people: people.items.map((p) => p.name),
    about: url.searchParams.get('about') ?? '',
    q: url.searchParams.get('q') ?? '',
    open: url.searchParams.get('m'),
  };
}
