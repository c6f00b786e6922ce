// What people type for a date of birth, and what the server is told.
import { describe, expect, it } from 'vitest';
import { edtfFromWords, isEdtf } from './saydate';

describe('edtfFromWords', () => {
  it.each([
    ['1934', '1934'],
    ['1934~', '1934~'],
    ['about 1934', '1934~'],
    ['vers 1934', '1934~'],
    ['before 1950', '../1950'],
    ['avant 1950', '../1950'],
    ["jusqu'en 1950", '../1950'],
    ['autour de 1934', '1934~'],
    ['after 1950', '1950/..'],
    ['3 May 1934', '1934-05-03'],
    ['3rd of May 1934', '1934-05-03'],
    ['May 3, 1934', '1934-05-03'],
    ['3 mai 1934', '1934-05-03'],
    ['1er août 1944', '1944-08-01'],
    ['février 1930', '1930-02'],
    ['summer 1962', '1962-22'],
    ["l'été 1962", '1962-22'],
    ['été de 1962', '1962-22'],
    ['1960s', '196X'],
    ['les années 1960', '196X'],
    ['1958-1994', '1958/1994'],
    ['between 1958 and 1994', '1958/1994'],
    ['entre 1958 et 1994', '1958/1994'],
    ['from 1958 to 1994', '1958/1994'],
    ['14/07/1962', '1962-07-14'],
  ])('%s → %s', (said, edtf) => {
    expect(edtfFromWords(said, 'fr')).toBe(edtf);
  });

  it('reads 07/04/1962 the way the reader writes it', () => {
    expect(edtfFromWords('07/04/1962', 'en-US')).toBe('1962-07-04');
    expect(edtfFromWords('07/04/1962', 'en-GB')).toBe('1962-04-07');
  });

  it.each(['long ago', 'when I was 12', '', '31 of'])('leaves %s alone', (said) => {
    expect(edtfFromWords(said, 'en')).toBeNull();
  });
});

describe('isEdtf', () => {
  it.each(['1962', '1962-07', '1962-07-14T15:30:00Z', '1962~', '1958/1994', '../1950', '196X'])(
    'knows %s',
    (text) => expect(isEdtf(text)).toBe(true),
  );
  it.each(['summer 1962', '62', '14/07/1962', ''])('refuses %s', (text) =>
    expect(isEdtf(text)).toBe(false),
  );
});
