// What is said of a new password before the server has seen it.
import { describe, expect, it } from 'vitest';
import { MAX_PASSWORD, MIN_PASSWORD, strengthOf } from './strength';

describe('strengthOf', () => {
  const said = (password: string) => strengthOf(password, MIN_PASSWORD);

  it('counts what people see as characters', () => {
    expect(said('')).toBe('none');
    expect(said('\u{1f383}'.repeat(MIN_PASSWORD - 1))).toBe('short');
    expect(said('aaaaaaaaaaaa')).toBe('fair');
    expect(said('a quiet kitchen in june')).toBe('strong');
  });
  it('takes as many as the server does, and says when there are more', () => {
    expect(said('kitchen '.repeat(MAX_PASSWORD / 8))).not.toBe('long');
    expect(said(`${'kitchen '.repeat(MAX_PASSWORD / 8)}!`)).toBe('long');
    expect(said('\u{1f383}'.repeat(MAX_PASSWORD))).not.toBe('long');
  });
});
