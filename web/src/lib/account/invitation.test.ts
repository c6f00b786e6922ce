import { afterEach, expect, it, vi } from 'vitest';
import { keep, kept } from './invitation';

afterEach(() => {
  vi.restoreAllMocks();
  sessionStorage.clear();
});

it('is there after the page was left, until it is let go', () => {
  expect(kept()).toBe('');
  keep('t0k3n');
  expect(kept()).toBe('t0k3n');
  keep('');
  expect(kept()).toBe('');
  expect(sessionStorage.length).toBe(0);
});

it('does without where a browser keeps nothing', () => {
  vi.stubGlobal('sessionStorage', undefined);
  keep('t0k3n');
  expect(kept()).toBe('');
  vi.unstubAllGlobals();
});
