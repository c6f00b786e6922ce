// The picture has exactly the squares of the code.
import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { qrPath } from './qr';

describe('qrPath', () => {
  it('draws the dark squares and no others', () => {
    const text = 'http://192.168.1.7:8787/trust';
    const { size, path } = qrPath(text);
    const drawn = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
    for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      for (let i = 0; i < Number(length); i++) drawn[Number(y)]![Number(x) + i] = true;
    }
    expect(drawn).toEqual(encode(text, { ecc: 'M', border: 4 }).data);
    expect(path.replaceAll(/M\d+ \d+h\d+v1h-\d+z/g, '')).toBe('');
  });
});
