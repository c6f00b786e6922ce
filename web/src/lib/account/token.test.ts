// People paste what they were sent, whole or in part.
import { describe, expect, it } from 'vitest';
import { tokenFromText } from './token';

describe('tokenFromText', () => {
  it.each([
    ['https://home.example/memoria/verify?token=ab-C_1', 'ab-C_1'],
    ['Open https://home.example/verify?x=1&token=ab-C_1#here now', 'ab-C_1'],
    ['  ab-C_1\n', 'ab-C_1'],
    ['', ''],
  ])('finds the token in %j', (text, token) => expect(tokenFromText(text)).toBe(token));
});
