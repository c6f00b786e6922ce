// What a key may be for, how often it was used, and the first call to make with it.
import type { KeyScope, KeyUse } from '$lib/api';
import type { MessageKey } from '$lib/i18n/index.svelte';

export const SCOPES: { id: KeyScope; label: MessageKey; text: MessageKey }[] = [
  { id: 'read', label: 'scope.read', text: 'scope.readText' },
  { id: 'write', label: 'scope.write', text: 'scope.writeText' },
  { id: 'chat', label: 'scope.chat', text: 'scope.chatText' },
];

export const scopeLabel = (id: KeyScope): MessageKey =>
  SCOPES.find((scope) => scope.id === id)?.label ?? 'scope.read';

export type Trial = 'read' | 'chat' | 'write';

/** What a key is tried with: what changes least of all that it may. */
export function trialOf(scopes: readonly KeyScope[]): Trial {
  if (scopes.includes('read')) return 'read';
  return scopes.includes('chat') ? 'chat' : 'write';
}

/** A command for a terminal that works with this key and shows that it does. */
export function firstCall(
  api: string,
  key: string,
  trial: Trial,
  clone: string | undefined,
  content: string,
  /** The file with the server's own authority, where no other vouches for it. */
  authority: string | null = null,
): string {
  const start = `curl${authority ? ` --cacert ${authority}` : ''} -H 'X-API-Key: ${key}'`;
  if (trial === 'read') return `${start} ${api}/clones`;
  // A straight quote would end what the shell takes as one word.
  const body = JSON.stringify({ content }).replaceAll("'", '’');
  const said = `-H 'Content-Type: application/json' \\\n  -d '${body}'`;
  const path = `${api}/clones/${clone ?? 'CLONE_ID'}`;
  return `${start} ${said} \\\n  ${path}/${trial === 'chat' ? 'chat' : 'memories'}`;
}

export interface Count {
  what: string;
  requests: number;
}

function summed(items: readonly KeyUse[], what: (use: KeyUse) => string): Count[] {
  const sums: Record<string, number> = {};
  for (const use of items) sums[what(use)] = (sums[what(use)] ?? 0) + use.requests;
  return Object.entries(sums).map(([what, requests]) => ({ what, requests }));
}

/** Requests of each day, the latest first. */
export const perDay = (items: readonly KeyUse[]): Count[] =>
  summed(items, (use) => use.day).sort((a, b) => b.what.localeCompare(a.what));

/** Requests of each operation, the most used first. */
export const perOperation = (items: readonly KeyUse[]): Count[] =>
  summed(items, (use) => use.endpoint).sort(
    (a, b) => b.requests - a.requests || a.what.localeCompare(b.what),
  );
