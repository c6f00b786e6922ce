// What went wrong is said in the reader's language.
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError } from '$lib/api';
import type { FieldProblem } from '$lib/api';
import { locale, soon } from './index.svelte';
import { broughtWords, problemField, problemWords } from './problems';

afterEach(() => locale.use(['en']));

const refusal = (...errors: FieldProblem[]) =>
  new ApiError({ title: 'No', detail: 'Nothing fits.', status: 422, code: 'invalid', errors });

describe('what is wrong with a field', () => {
  it('is said by its code in both languages', () => {
    const error = refusal({
      pointer: '/password',
      detail: 'guessable',
      code: 'password_guessable',
    });
    expect(problemField(error, 'password')).toMatch(/^This password is easy to guess/);
    locale.use(['fr']);
    expect(problemField(error, 'password')).toMatch(/^Ce mot de passe est facile/);
  });
  it('is the server’s own words only where those are read', () => {
    const error = refusal({ pointer: '/name', detail: 'must not rhyme', code: 'rhymes' });
    expect(problemField(error, 'name')).toBe('must not rhyme');
    locale.use(['fr']);
    expect(problemField(error, 'name')).toBe('Cette valeur ne convient pas.');
  });
  it('is also what is wrong within it, and nothing of another', () => {
    const error = refusal({ pointer: '/aliases/3', detail: 'empty', code: 'required' });
    expect(problemField(error, 'aliases')).toBe('Something is needed here.');
    expect(problemField(error, 'alias')).toBeUndefined();
    expect(problemField(null, 'aliases')).toBeUndefined();
  });
});

describe('what went wrong', () => {
  const limited = (code: string, seconds?: number, policy: string | null = null) =>
    new ApiError(
      { title: 'Slow', detail: '', status: 429, code },
      seconds === undefined ? null : { seconds, policy },
    );

  it('says how long to wait', () => {
    expect(problemWords(limited('too_many_attempts', 2_950))).toBe(
      'Too many wrong tries. Try again in about 50 minutes.',
    );
    expect(problemWords(limited('rate_limited'))).toBe(
      'Too many attempts. Wait a little and try again.',
    );
    locale.use(['fr']);
    expect(problemWords(limited('rate_limited', 2_950, 'address'))).toBe(
      'Trop d’essais. Réessayez dans environ 50 minutes.',
    );
  });
  it('says that it is a link whose hour is used up', () => {
    expect(problemWords(limited('rate_limited', 600, 'share'))).toBe(
      'The questions that this link takes within an hour are used up. Try again in about 10 minutes.',
    );
  });
  it('is never English for who reads French', () => {
    const error = new ApiError({ title: 'Odd', detail: 'Odd.', status: 418, code: 'teapot' });
    expect(problemWords(error)).toBe('Odd.');
    locale.use(['fr']);
    expect(problemWords(error)).toBe('Un imprévu est survenu. Réessayez.');
  });
});

describe('when to come back', () => {
  const now = new Date(2026, 5, 1, 15, 0).getTime();
  const hour = 3_600;
  it.each([
    [1, 'in a few seconds'],
    [12, 'in about 20 seconds'],
    [59, 'in about 1 minute'],
    [61, 'in about 2 minutes'],
    [hour, 'in about 60 minutes'],
    [3 * hour - 5, 'in about 3 hours'],
    [20 * hour, 'tomorrow at about 11:00'],
    [60 * hour, 'in about 3 days'],
  ])('is told for %i seconds', (seconds, words) => {
    locale.use(['en-GB']);
    expect(soon(seconds, now)).toBe(words);
  });
});

describe('a code that came with an address', () => {
  it.each(['zzz', 'constructor', '__proto__', '<b>x</b>'])('is never shown: %s', (code) => {
    expect(broughtWords(code)).toBe('Something unexpected happened. Try again.');
  });
  it('has its words', () => {
    expect(broughtWords('identity_denied')).toMatch(/^You were not let through there\./);
    expect(broughtWords('rate_limited')).toBe('Too many attempts. Wait a little and try again.');
  });
});
