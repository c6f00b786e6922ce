// After signing in one goes back to a page of this app and nowhere else.
import { describe, expect, it } from 'vitest';
import { nextWithin, safeNext } from './next';
import { strengthOf } from './strength';

describe('safeNext', () => {
  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', '', 'javascript:1'])(
    'refuses %s',
    (next) => expect(safeNext(next, '')).toBe('/'),
  );
  it('keeps pages of this app, under its path', () => {
    expect(safeNext('/clones/1?c=2', '')).toBe('/clones/1?c=2');
    expect(safeNext('/memoria/trash', '/memoria')).toBe('/memoria/trash');
    expect(safeNext('/other', '/memoria')).toBe('/memoria/');
    expect(safeNext(null, '/memoria')).toBe('/memoria/');
    expect(nextWithin('/memoria/trash', '/memoria')).toBe('/trash');
    expect(nextWithin(null, '/memoria')).toBe('/');
  });
});

describe('strengthOf', () => {
  it('knows short, fair and strong', () => {
    expect(strengthOf('', 12)).toBe('none');
    expect(strengthOf('elevenchars', 12)).toBe('short');
    expect(strengthOf('aaaaaaaaaaaaaaaa', 12)).toBe('fair');
    expect(strengthOf('meadow copper violin', 12)).toBe('strong');
  });
});
