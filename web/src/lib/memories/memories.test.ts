// Small pure parts around memories: quotations, pastes, drafts, decades.
import { describe, expect, it } from 'vitest';
import type { Memory } from '$lib/api';
import { byDecade } from './decades';
import { blankFields, changeOf, draftOf, fieldsOf } from './draft';
import { cutText, externalId } from './paste';
import { quotedParts } from './quoted';

const memory: Memory = {
  id: 'm',
  attachments: [],
  clone_id: 'c',
  content: 'We danced.',
  title: null,
  kind: 'story',
  occurred_at: '1962-22',
  occurred_text: 'summer 1962',
  occurred_earliest: '1962-06-01',
  occurred_latest: '1962-08-31',
  place: null,
  people: ['Rosa'],
  tags: [],
  visibility: 'space',
  external_id: null,
  metadata: {},
  source: null,
  speaker: null,
  thread: null,
  sequence: null,
  author_id: 'a',
  revision: 1,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  waiting: null,
};

describe('quotedParts', () => {
  const marked = (content: string, quotation: Parameters<typeof quotedParts>[1]) =>
    quotedParts(content, quotation)
      .filter((p) => p.marked)
      .map((p) => p.text);

  it('counts code points, not halves of an emoji', () => {
    expect(marked('👵🏽 said hello', { quote: 'said', text_start: 3 })).toEqual(['said']);
  });
  it('finds the quotation when the position is off', () => {
    expect(marked('one two three', { quote: 'two', text_start: 0 })).toEqual(['two']);
  });
  it('marks the ranges that answer best, counted in code points', () => {
    const content = '👩‍👩‍👧 We danced. 🪗 Paul played. It rained.';
    const points = Array.from(content);
    const range = (part: string) => {
      const start = Array.from(content.slice(0, content.indexOf(part))).length;
      return [start, start + Array.from(part).length];
    };
    expect(points.length).not.toBe(content.length);
    expect(
      marked(content, {
        quote: content,
        text_start: 0,
        highlights: [range('It rained.'), range('🪗 Paul played.')],
      }),
    ).toEqual(['🪗 Paul played.', 'It rained.']);
  });
  it('marks nothing in a memory that says something else now, and survives nonsense', () => {
    expect(marked('abc', { quote: 'zzz', highlights: [[0, 2]] })).toEqual([]);
    expect(
      marked('abc', {
        highlights: [
          [1, 2],
          [1, 99],
          [2, 1],
        ],
      }),
    ).toEqual(['b']);
    expect(quotedParts('abc', {}).map((p) => p.text)).toEqual(['abc']);
  });
  it('never loses a word', () => {
    const parts = quotedParts('a 👵 b', { highlights: [[2, 3]] });
    expect(parts.map((p) => p.text).join('')).toBe('a 👵 b');
  });
});

describe('cutText', () => {
  it('cuts at empty lines or at each line', () => {
    expect(cutText('a\r\nb\r\n \r\nc\n\n\n', 'paragraphs')).toEqual(['a\nb', 'c']);
    expect(cutText('a\n\nb\n', 'lines')).toEqual(['a', 'b']);
  });
  it('names the same text the same, and others differently', () => {
    expect(externalId('a  b')).toBe(externalId(' a b '));
    const many = new Set(Array.from({ length: 20_000 }, (_, i) => externalId(`memory ${i}`)));
    expect(many.size).toBe(20_000);
  });
});

describe('drafts', () => {
  it('send words as words and EDTF as EDTF', () => {
    const words = draftOf({
      ...blankFields(),
      content: 'x',
      when: 'summer 1962',
    });
    expect(words).toMatchObject({ occurred_text: 'summer 1962' });
    expect(words).not.toHaveProperty('occurred_at');
    const edtf = draftOf({ ...blankFields(), content: 'x', when: '1962~' });
    expect(edtf).toMatchObject({ occurred_at: '1962~' });
  });
  it('change only what differs', () => {
    expect(changeOf(memory, fieldsOf(memory))).toEqual({});
    expect(changeOf(memory, { ...fieldsOf(memory), place: 'Lyon' })).toEqual({
      place: 'Lyon',
    });
    expect(changeOf(memory, { ...fieldsOf(memory), when: '' })).toEqual({
      occurred_at: null,
      occurred_text: null,
    });
  });
});

describe('byDecade', () => {
  it('groups years in the order they come', () => {
    const entry = (earliest: string) => ({
      earliest,
      latest: earliest,
      memory,
    });
    const decades = byDecade([entry('1958-01-01'), entry('1962-01-01'), entry('1962-05-01')]);
    expect(decades.map((d) => [d.start, d.years.map((y) => y.memories.length)])).toEqual([
      ['1950', [1]],
      ['1960', [2]],
    ]);
  });
});
