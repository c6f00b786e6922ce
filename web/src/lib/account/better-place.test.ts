import { expect, it } from 'vitest';
import { betterPlace } from './better-place';

const at = new URL('http://192.168.1.5:8787/memoria/login?next=/spaces');

it('is the same page at the address that was set', () => {
  const front = 'https://memoria.example/memoria/';
  expect(betterPlace(front, at, false)).toBe('https://memoria.example/memoria/login?next=/spaces');
});

it('is nowhere if the address is right, none was set, or the browser says who asks', () => {
  expect(betterPlace('http://192.168.1.5:8787/memoria/', at, false)).toBeNull();
  expect(betterPlace(null, at, false)).toBeNull();
  expect(betterPlace('https://memoria.example/', at, true)).toBeNull();
});
