// What a screen reader says of an answer.
import { describe, expect, it } from 'vitest';
import { aloud } from './aloud';

describe('what is read aloud', () => {
  it.each([
    [
      'I **remember**:\n\n> We met in Lyon. [1]\n>\n> — Lyon, *1962*',
      'I remember:\nWe met in Lyon. Lyon, 1962',
    ],
    ['It rained in Lyon [1][2]. And [3] stays.', 'It rained in Lyon. And [3] stays.'],
    ['# Life\n\n1. born\n2. [met](https://example.org)', 'Life\nborn\nmet'],
    ['| a | b |\n|---|---|\n| 1 | 2 |', 'a, b\n1, 2'],
    ['`code` and ~~gone~~\n\n---\n\n<b>bold</b>', 'code and gone\n<b>bold</b>'],
    ['', ''],
  ])('of %s', (text, said) => expect(aloud(text, [1, 2])).toBe(said));
});
