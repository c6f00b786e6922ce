// What the reader is looking for, and the filter that says so to the server.
import type { MemoryFilter } from '$lib/api';

export interface Wanted {
  q: string;
  kind: MemoryFilter['kind'] | '';
  tag: string;
  person: string;
  from: string;
  to: string;
}

/** So many characters of a question are looked for, unless the server takes fewer. */
export const LONGEST = 512;

export const NOTHING: Wanted = {
  q: '',
  kind: '',
  tag: '',
  person: '',
  from: '',
  to: '',
};

export function filterOf({ kind, tag, person, from, to }: Wanted): MemoryFilter {
  const filter: MemoryFilter = {};
  if (kind) filter.kind = kind;
  if (tag.trim()) filter.tag = tag.trim();
  if (person.trim()) filter.person = person.trim();
  if (from.trim()) filter.from = from.trim();
  if (to.trim()) filter.to = to.trim();
  return filter;
}
