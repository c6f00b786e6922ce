import { describe, expect, it } from 'vitest';
import type { SearchHit } from '$lib/api';
import { sifted, type Found } from './found';

const hit = (id: string, score: number, marks = 0): Found => ({
  memory: null,
  hit: {
    id,
    score,
    highlights: Array.from({ length: marks }, () => [0, 1]),
  } as SearchHit,
});
const ids = (all: Found[]) => all.map(({ hit }) => hit.id);

describe('what a search found', () => {
  it('puts what has the words before what is only near', () => {
    const { items, also } = sifted([hit('near', 0.9), hit('word', 0.8, 1), hit('far', 0.1)]);
    expect(ids(items)).toEqual(['word']);
    expect(ids(also)).toEqual(['near']);
  });

  it('shows what is near when nothing has the words', () => {
    const { items, also } = sifted([hit('a', 0.6), hit('b', 0.4), hit('c', 0.1)]);
    expect(ids(items)).toEqual(['a', 'b']);
    expect(also).toEqual([]);
  });

  it('has nothing to say about nothing', () => {
    expect(sifted([])).toEqual({ items: [], also: [] });
  });
});
