// The kinds of memory and who may see one, in the order they are offered, with their words.
import type { MemoryKind, MemoryVisibility } from '$lib/api';
import type { MessageKey } from '$lib/i18n/index.svelte';

export const KINDS: { id: MemoryKind; label: MessageKey }[] = [
  { id: 'story', label: 'kind.story' },
  { id: 'quote', label: 'kind.quote' },
  { id: 'fact', label: 'kind.fact' },
  { id: 'event', label: 'kind.event' },
  { id: 'preference', label: 'kind.preference' },
  { id: 'letter', label: 'kind.letter' },
  { id: 'relationship', label: 'kind.relationship' },
];

export const VISIBILITIES: { id: MemoryVisibility; label: MessageKey }[] = [
  { id: 'space', label: 'visible.space' },
  { id: 'stewards', label: 'visible.stewards' },
  { id: 'author', label: 'visible.author' },
];

export const kindLabel = (kind: MemoryKind): MessageKey =>
  KINDS.find((k) => k.id === kind)?.label ?? 'kind.story';
