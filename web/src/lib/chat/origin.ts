// What a citation or a search hit was taken from, in words.
import type { Citation } from '$lib/api';
import type { MessageKey } from '$lib/i18n/index.svelte';

const ORIGINS: Record<string, MessageKey> = {
  memory: 'chat.kindMemory',
  document: 'chat.kindDocument',
  message: 'chat.kindMessage',
};

export const originLabel = (kind: Citation['kind']): MessageKey =>
  ORIGINS[kind] ?? 'chat.kindMemory';
