// What went wrong is said in the reader's language.
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError } from '$lib/api';
import type { FieldProblem } from '$lib/api';
import { locale } from './index.svelte';
import { problemField, problemWords } from './problems';

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
  it('is never English for who reads French', () => {
    const error = new ApiError({ title: 'Odd', detail: 'Odd.', status: 418, code: 'teapot' });
    expect(problemWords(error)).toBe('Odd.');
    locale.use(['fr']);
    expect(problemWords(error)).toBe('Un imprévu est survenu. Réessayez.');
  });
});
