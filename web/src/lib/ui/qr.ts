// A QR code as one path of squares, because the content security policy allows no inline style.
import { encode } from 'uqr';

/** The quiet edge that cameras need, in squares. */
const EDGE = 4;

export function qrPath(text: string): { size: number; path: string } {
  const { data, size } = encode(text, { ecc: 'M', border: EDGE });
  const runs: string[] = [];
  data.forEach((row, y) => {
    for (let x = 0; x < size; x++) {
      const start = x;
      while (x < size && row[x]) x++;
      if (x > start) runs.push(`M${start} ${y}h${x - start}v1h${start - x}z`);
    }
  });
  return { size, path: runs.join('') };
}
