// What a search found, told apart by how it was found.
import type { Memory, SearchHit } from '$lib/api';

/** Something found: a memory, or a passage of something else. */
export interface Found {
  memory: Memory | null;
  hit: SearchHit;
}

/** Below this share of the best score a likeness in meaning is chance. */
const NEAR = 0.5;
const ALSO = 5;

/** What has the words, and what is only near; when nothing has them, near is what is found. */
export function sifted(all: Found[]): { items: Found[]; also: Found[] } {
  const best = Math.max(0, ...all.map(({ hit }) => hit.score));
  const named = all.filter(({ hit }) => hit.highlights.length > 0);
  const near = all.filter(({ hit }) => hit.highlights.length === 0 && hit.score >= NEAR * best);
  return named.length > 0
    ? { items: named, also: near.slice(0, ALSO) }
    : { items: near.slice(0, ALSO), also: [] };
}
