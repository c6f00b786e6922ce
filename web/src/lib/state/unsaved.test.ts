// Words that were not sent come back to who wrote them, and to nobody else.
import { beforeEach, describe, expect, it } from 'vitest';
import { unsaved } from './unsaved';

describe('what was not saved', () => {
  beforeEach(() => unsaved.forget());

  it('is there once for the same account', () => {
    unsaved.await('ada');
    unsaved.keep('a', { content: 'We danced.' });
    unsaved.arrived('ada');
    expect(unsaved.take('a')).toEqual({ content: 'We danced.' });
    expect(unsaved.take('a')).toBeUndefined();
  });

  it('is gone for another', () => {
    unsaved.await('ada');
    unsaved.keep('a', 'secret');
    unsaved.arrived('eve');
    expect(unsaved.take('a')).toBeUndefined();
  });

  it('is not kept while nothing is lost, nor by who signs out', () => {
    unsaved.keep('a', 'typed');
    expect(unsaved.take('a')).toBeUndefined();
    unsaved.await('ada');
    unsaved.keep('a', 'typed');
    unsaved.forget();
    unsaved.arrived('ada');
    expect(unsaved.take('a')).toBeUndefined();
  });
});
