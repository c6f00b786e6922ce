// No word is missing in a language, none is left over, and none breaks its own format.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, it } from 'vitest';
import { en } from './en';
import { fr } from './fr';
import { choose, list, t } from './index.svelte';

const SOURCE = join(process.cwd(), 'src');

function sources(): string {
  const names = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
  return names
    .filter(
      (n) =>
        /\.(svelte|ts)$/.test(n) && !n.endsWith('.test.ts') && !/i18n[\\/](en|fr)\.ts$/.test(n),
    )
    .map((n) => readFileSync(join(SOURCE, n), 'utf8'))
    .join('\n');
}

type Parts = ReturnType<IntlMessageFormat['getAst']>;

function argumentsOf(text: string): string[] {
  const names = new Set<string>();
  const walk = (parts: Parts) => {
    for (const part of parts) {
      if ('value' in part && Number(part.type) !== 0) names.add(String(part.value));
      if ('options' in part) for (const o of Object.values(part.options)) walk(o.value);
    }
  };
  walk(new IntlMessageFormat(text, 'en', undefined, { ignoreTag: true }).getAst());
  return [...names].sort();
}

describe('catalogues', () => {
  const code = sources();
  const keys = Object.keys(en) as (keyof typeof en)[];

  it('have the same keys', () => {
    expect(Object.keys(fr)).toEqual(keys);
  });

  it('have no key that nothing shows', () => {
    expect(keys.filter((key) => !code.includes(`'${key}'`))).toEqual([]);
  });

  it('have every key that is asked for', () => {
    const asked = [...code.matchAll(/\bt\(\s*'([^']+)'/g)].map((m) => m[1]);
    expect(asked.filter((key) => !(key! in en))).toEqual([]);
  });

  it.each(keys)('%s takes the same values in both languages', (key) => {
    expect(argumentsOf(fr[key])).toEqual(argumentsOf(en[key]));
  });

  it('write apostrophes that the message format does not take for quoting', () => {
    const texts = [...Object.values(en), ...Object.values(fr)];
    expect(texts.filter((text) => text.includes("'"))).toEqual([]);
  });
});

describe('choose', () => {
  it('takes the first language that is spoken here', () => {
    expect(choose(['de-DE', 'fr-CH', 'en'])).toEqual({
      language: 'fr',
      tag: 'fr-CH',
    });
    expect(choose(['de'])).toEqual({ language: 'en', tag: 'en' });
    expect(choose([])).toEqual({ language: 'en', tag: 'en' });
  });
});

describe('a name in a sentence', () => {
  it('does not turn the sentence around', () => {
    const name = 'Rosa\u202e\u2066';
    expect(t('invitation.join', { space: name })).toBe('Join Rosa');
    expect(list([name, 'Paul'])).toBe('Rosa and Paul');
  });
  it('keeps what its own script needs', () => {
    expect(t('invitation.join', { space: '\u0645\u200c\u0646\u200f' })).toBe(
      'Join \u0645\u200c\u0646\u200f',
    );
  });
});
