// Which branch is shown when answers have siblings.
import { describe, expect, it } from 'vitest';
import { branchOf, siblingsOf } from './tree';

const at = (n: number) => `2026-01-01T00:00:${String(n).padStart(2, '0')}Z`;
const node = (id: string, parent_id: string | null, n: number) => ({
  id,
  parent_id,
  created_at: at(n),
});

const messages = [
  node('q1', null, 1),
  node('a1', 'q1', 2),
  node('q2', 'a1', 3),
  node('a2', 'q2', 4),
  node('a1b', 'q1', 5),
];
const ids = (list: { id: string }[]) => list.map((m) => m.id);

describe('branchOf', () => {
  it('is empty without messages', () => {
    expect(branchOf([])).toEqual([]);
  });
  it('follows the newest message', () => {
    expect(ids(branchOf(messages))).toEqual(['q1', 'a1b']);
  });
  it('follows what was picked', () => {
    expect(ids(branchOf(messages, { q1: 'a1' }))).toEqual(['q1', 'a1', 'q2', 'a2']);
  });
  it('goes to the sibling under which the talk went on last', () => {
    const later = [...messages, node('a2b', 'q2', 9)];
    expect(ids(branchOf(later))).toEqual(['q1', 'a1', 'q2', 'a2b']);
  });
  it('forgets a pick that is gone', () => {
    expect(ids(branchOf(messages, { q1: 'gone' }))).toEqual(['q1', 'a1b']);
  });
  it('does not depend on the order of arrival', () => {
    expect(ids(branchOf([...messages].reverse()))).toEqual(['q1', 'a1b']);
  });
  it('still shows an answer whose question is missing', () => {
    expect(ids(branchOf([node('x', 'missing', 1)]))).toEqual(['x']);
  });
  it('ends where a message stands below itself', () => {
    const twice = [...messages, node('twice', 'a1b', 6), node('twice', 'twice', 7)];
    expect(ids(branchOf(twice))).toEqual(['q1', 'a1b', 'twice']);
  });
});

describe('siblingsOf', () => {
  it('lists them oldest first', () => {
    expect(ids(siblingsOf(messages, node('a1b', 'q1', 5)))).toEqual(['a1', 'a1b']);
  });
});
