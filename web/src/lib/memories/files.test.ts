import { describe, expect, it } from 'vitest';
import type { Attachment } from '$lib/api';
import { lookOf, saidOf, sizeIn } from './files';

const file = (media_type: string, caption: string | null = null) =>
  ({ media_type, caption, name: 'a.jpg' }) as Attachment;

describe('files of memories', () => {
  it('are seen, heard or opened elsewhere', () => {
    expect(lookOf(file('image/webp'))).toBe('picture');
    expect(lookOf(file('audio/mp4'))).toBe('sound');
    expect(lookOf(file('application/pdf'))).toBe('file');
  });

  it('are called by their caption, or by their name', () => {
    expect(saidOf(file('image/png', 'The lake'))).toBe('The lake');
    expect(saidOf(file('image/png'))).toBe('a.jpg');
  });

  it('have a size that people read', () => {
    expect(sizeIn('en', 184_213)).toBe('184.2 kB');
    expect(sizeIn('en', 2_500_000)).toBe('2.5 MB');
    expect(sizeIn('en', 3)).toBe('0.1 kB');
  });
});
