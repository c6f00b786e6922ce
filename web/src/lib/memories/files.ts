// What the files of a memory are to people: seen, heard, or opened elsewhere.
import type { Attachment } from '$lib/api';

/** What the server takes; browsers offer these when somebody picks files. */
export const TAKEN =
  'image/jpeg,image/png,image/gif,image/webp,audio/mpeg,audio/wav,audio/mp4,audio/ogg,' +
  '.m4a,.opus,application/pdf,text/plain';

export type Look = 'picture' | 'sound' | 'file';

export function lookOf({ media_type }: Attachment): Look {
  if (media_type.startsWith('image/')) return 'picture';
  return media_type.startsWith('audio/') ? 'sound' : 'file';
}

/** What is said of a file: its caption, or what it is called. */
export const saidOf = ({ caption, name }: Attachment): string => caption ?? name;

/** A size in the words of a language. */
export function sizeIn(locale: string, bytes: number): string {
  const { unit, by } =
    bytes < 1_000_000 ? { unit: 'kilobyte', by: 1_000 } : { unit: 'megabyte', by: 1_000_000 };
  const size = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    maximumFractionDigits: 1,
  });
  return size.format(Math.max(bytes, 100) / by);
}
