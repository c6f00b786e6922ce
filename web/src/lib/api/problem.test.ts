// What a refusal says of when to come back.
import { describe, expect, it } from 'vitest';
import { limitFrom } from './problem';

const said = (headers: Record<string, string>) =>
  limitFrom(new Headers(headers), Date.parse('Wed, 21 Oct 2026 07:28:00 GMT'));

describe('limitFrom', () => {
  it('reads seconds, and of what there was too much', () => {
    expect(said({ 'Retry-After': '3000', RateLimit: '"share";r=0;t=3000' })).toEqual({
      seconds: 3_000,
      policy: 'share',
    });
  });
  it('reads the date of a proxy', () => {
    expect(said({ 'Retry-After': 'Wed, 21 Oct 2026 07:29:00 GMT' })).toEqual({
      seconds: 60,
      policy: null,
    });
  });
  it('makes do with what is left of the window', () => {
    expect(said({ RateLimit: '"address";r=0;t=12' })?.seconds).toBe(12);
  });
  it('knows nothing where nothing is said', () => {
    expect(said({})).toBeNull();
    expect(said({ 'Retry-After': 'later' })).toBeNull();
  });
});
