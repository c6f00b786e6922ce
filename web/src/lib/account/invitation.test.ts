import { afterEach, expect, it, vi } from 'vitest';
import { keep, take } from './invitation';

afterEach(() => {
  vi.restoreAllMocks();
  sessionStorage.clear();
});

it('is there after the page was left, once', () => {
  expect(take()).toBe('');
  keep('t0k3n');
  expect(take()).toBe('t0k3n');
  expect(take()).toBe('');
  keep('t0k3n');
  keep('');
  expect(sessionStorage.length).toBe(0);
});

it('does without where a browser keeps nothing', () => {
  vi.stubGlobal('sessionStorage', undefined);
  keep('t0k3n');
  expect(take()).toBe('');
  vi.unstubAllGlobals();
});
