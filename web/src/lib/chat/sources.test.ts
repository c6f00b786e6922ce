// What counts as a source of an answer, also while it is still being written.
import { describe, expect, it } from 'vitest';
import type { Citation } from '$lib/api';
import { readMarkdown } from './markdown';
import { numbersIn, splitSources, unsupportedIn } from './sources';

const citation = (n: number, cited = false): Citation => ({
  n,
  cited,
  kind: 'memory',
  id: `m${n}`,
  document_id: null,
  title: null,
  quote: 'words',
  text_start: 0,
  highlights: [],
  withheld: false,
  occurred_at: null,
  occurred_text: null,
  score: 1,
  speaker: null,
});

const read = (text: string) => readMarkdown(text, [1, 2, 3]);

describe('numbersIn', () => {
  it('finds them wherever words can stand, and not in code', () => {
    const text = 'a [1]\n\n> *b* [2]\n\n- c\n  - d [3]\n\n`[1]`';
    expect(numbersIn(read(text))).toEqual([1, 2, 3]);
    expect(numbersIn(read('`[1]` and [9]'))).toEqual([]);
  });
});

describe('unsupportedIn', () => {
  it('cuts sentences out by code points', () => {
    const content = 'We danced 💃🏽 [1]. He was a pilot [2].';
    const start = Array.from('We danced 💃🏽 [1]. ').length;
    const unsupported = [[start, Array.from(content).length]];
    expect(unsupportedIn({ content, unsupported })).toEqual(['He was a pilot.']);
    expect(unsupportedIn({ content, unsupported: [[99, 120]] })).toEqual([]);
  });
});

describe('splitSources', () => {
  const citations = [citation(1), citation(2, true), citation(3)];
  it('counts what the server says and what the text names so far', () => {
    const { named, lookedAt } = splitSources({ citations }, read('We met [1]'));
    expect(named.map((c) => c.n)).toEqual([1, 2]);
    expect(lookedAt.map((c) => c.n)).toEqual([3]);
  });
});

describe('a quotation', () => {
  it('keeps its source line apart from its words', () => {
    const [quote] = read('> I met Paul. [1]\n>\n> — The dance, July 1962');
    expect(quote).toMatchObject({
      type: 'quote',
      children: [{ type: 'paragraph' }],
      source: [{ type: 'text', text: 'The dance, July 1962' }],
    });
  });
  it('that only begins with a dash stays a quotation', () => {
    expect(read('> — No, said Paul. [1]')[0]).toMatchObject({ source: null });
    expect(read('> one\n>\n> two [1]')[0]).toMatchObject({ source: null });
  });
});
