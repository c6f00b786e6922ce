// A pasted text cut into memories, one per paragraph or one per line.

export type Cut = 'paragraphs' | 'lines';

export const MOST = 1_000;

export function cutText(text: string, cut: Cut): string[] {
  const separator = cut === 'paragraphs' ? /\n[ \t]*\n+/ : /\n/;
  return text
    .replace(/\r\n?/g, '\n')
    .split(separator)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '');
}

/** The same text gives the same id, so that saving the same paste twice adds nothing. */
export function externalId(content: string): string {
  const bytes = new TextEncoder().encode(content.normalize('NFC').replace(/\s+/g, ' ').trim());
  // SubtleCrypto is missing on plain HTTP in a home network; FNV-1a in 2×32 bits will do for an id.
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193) >>> 0;
    b = Math.imul(b ^ (byte + 0x9e), 0x85ebca6b) >>> 0;
  }
  const hex = (n: number) => n.toString(16).padStart(8, '0');
  return `paste-${hex(a)}${hex(b)}-${bytes.length}`;
}
