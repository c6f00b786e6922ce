// Where in the original text a quotation stands. Positions count Unicode code points.

export interface Part {
  text: string;
  marked: boolean;
}

export interface Quotation {
  quote?: string;
  text_start?: number | null;
  highlights?: readonly (readonly number[])[];
}

type Range = readonly [number, number];

const pairs = (highlights: Quotation['highlights']): Range[] =>
  (highlights ?? []).map(([start = 0, end = 0]) => [start, end] as const);

/** Where the quotation stands now: the memory may have been changed since it was quoted. */
function rangesOf(points: string[], { quote, text_start, highlights }: Quotation): Range[] {
  const marks = pairs(highlights).filter(([start, end]) => start < end && end <= points.length);
  if (!quote) return marks;
  const length = Array.from(quote).length;
  const start = text_start ?? 0;
  if (points.slice(start, start + length).join('') === quote) {
    return marks.length > 0 ? marks : [[start, start + length]];
  }
  const text = points.join('');
  const at = text.indexOf(quote);
  if (at === -1) return [];
  const found = Array.from(text.slice(0, at)).length;
  return [[found, found + length]];
}

/** The text in pieces, those that were quoted marked. Nothing is lost, nothing doubled. */
export function quotedParts(content: string, quotation: Quotation): Part[] {
  const points = Array.from(content);
  const ranges = [...rangesOf(points, quotation)].sort((a, b) => a[0] - b[0]);
  const parts: Part[] = [];
  let at = 0;
  const push = (from: number, to: number, marked: boolean) => {
    if (to > from) parts.push({ text: points.slice(from, to).join(''), marked });
  };
  for (const [start, end] of ranges) {
    const from = Math.min(Math.max(start, at), points.length);
    const to = Math.min(Math.max(end, from), points.length);
    push(at, from, false);
    push(from, to, true);
    at = to;
  }
  push(at, points.length, false);
  return parts;
}
