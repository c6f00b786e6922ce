// What is kept of a link, and for how long.
import { beforeEach, describe, expect, it } from 'vitest';
import { forget, proofFor, secret, tokenIn } from './kept';

const TOKEN = `cms_abcd1234_${'x'.repeat(43)}_0123abcd`;
const OTHER = `cms_efgh5678_${'y'.repeat(43)}_4567cdef`;

describe('what is kept of share links', () => {
  beforeEach(() => {
    localStorage.clear();
    sessionStorage.clear();
  });

  it('finds the token in a fragment, a link or alone, and nothing in anything else', () => {
    for (const text of [`#${TOKEN}`, ` https://memoria.example/share#${TOKEN} `, TOKEN]) {
      expect(tokenIn(text)).toBe(TOKEN);
    }
    for (const text of ['', '#', '#main', `${TOKEN}x`, 'cms_short']) expect(tokenIn(text)).toBe('');
  });

  it('makes secrets that the server takes and nobody guesses', () => {
    expect(secret()).toMatch(/^[\w-]{43}$/);
    expect(secret()).not.toBe(secret());
  });

  it('is the same visitor again, of each link another', () => {
    const first = proofFor(TOKEN);
    expect(first).toMatch(/^cms_.+\.[\w-]{43}$/);
    expect(proofFor('')).toBe(first);
    const other = proofFor(OTHER);
    expect(other?.split('.')[1]).not.toBe(first?.split('.')[1]);
    expect(proofFor('')).toBe(other);
    expect(proofFor(TOKEN)).toBe(first);
  });

  it('knows nothing of a link that was forgotten', () => {
    const first = proofFor(TOKEN) ?? '';
    forget(first);
    expect(proofFor('')).toBeNull();
    expect(JSON.stringify([localStorage, sessionStorage])).not.toContain('cms_');
    expect(proofFor(TOKEN)).not.toBe(first);
  });
});
