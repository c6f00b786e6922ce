// Every form of fuzzy date that the product knows, in both languages.
import { describe, expect, it } from 'vitest';
import { fuzzyDate } from './edtf';

const CASES: [string, string, string][] = [
  ['1962', '1962', '1962'],
  ['1962-07', 'July 1962', 'juillet 1962'],
  ['1962-07-14', '14 July 1962', '14 juillet 1962'],
  ['1962~', 'about 1962', 'vers 1962'],
  ['1962?', 'perhaps 1962', 'peut-être 1962'],
  ['1962%', 'perhaps about 1962', 'peut-être vers 1962'],
  ['1962-07~', 'about July 1962', 'vers juillet 1962'],
  ['1962-22', 'summer 1962', 'été 1962'],
  ['1962-21~', 'about spring 1962', 'vers printemps 1962'],
  ['196X', 'the 1960s', 'les années 1960'],
  ['19XX', 'the 20th century', 'le 20e siècle'],
  ['1962-XX', 'some time in 1962', 'dans le courant de 1962'],
  ['1958/1994', 'between 1958 and 1994', 'entre 1958 et 1994'],
  ['1958~/1994-05', 'between about 1958 and May 1994', 'entre vers 1958 et mai 1994'],
  ['../1950', 'before 1950', 'avant 1950'],
  ['/1950', 'before 1950', 'avant 1950'],
  ['1950/..', 'since 1950', 'depuis 1950'],
  ['no date', 'no date', 'no date'],
  ['1962-13', '1962-13', '1962-13'],
];

describe('fuzzyDate', () => {
  it.each(CASES)('%s', (edtf, en, fr) => {
    expect(fuzzyDate(edtf, 'en-GB')).toBe(en);
    expect(fuzzyDate(edtf, 'fr')).toBe(fr);
  });

  it('does not shift days over time zones', () => {
    expect(fuzzyDate('1962-01-01', 'en-GB')).toBe('1 January 1962');
    expect(fuzzyDate('1962-07-14T23:30:00Z', 'en-GB')).toBe('14 July 1962, 23:30');
  });

  it('says months the American way to Americans', () => {
    expect(fuzzyDate('1962-07-14', 'en-US')).toBe('July 14, 1962');
  });
});
