// The first page greets by the clock and changes its memory once a day.
import { describe, expect, it } from 'vitest';
import { greetingKey, ofToday } from './greeting';

describe('greetingKey', () => {
  it.each([
    [4, 'home.evening'],
    [5, 'home.morning'],
    [12, 'home.afternoon'],
    [18, 'home.evening'],
  ])('at %i', (hour, key) => expect(greetingKey(hour)).toBe(key));
});

describe('ofToday', () => {
  it('is the same all day and another one tomorrow', () => {
    const day = 86_400_000;
    expect(ofToday(['a', 'b'], day * 2 + 5)).toBe('a');
    expect(ofToday(['a', 'b'], day * 3 - 1)).toBe('a');
    expect(ofToday(['a', 'b'], day * 3)).toBe('b');
    expect(ofToday([], day)).toBeUndefined();
  });
});
