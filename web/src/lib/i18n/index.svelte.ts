// Every word a reader sees comes from here, in their language.
import { IntlMessageFormat } from 'intl-messageformat';
import { en } from './en';
import { fr } from './fr';
import { fuzzyDate } from './edtf';

export type MessageKey = keyof typeof en;
export type Language = 'en' | 'fr';
type Values = Record<string, string | number>;

export const LANGUAGES: { id: Language; name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'fr', name: 'Français' },
];

const catalogues: Record<Language, Record<MessageKey, string>> = { en, fr };

/** The first language of the reader's that we speak, with the region they gave it. */
export function choose(wanted: readonly string[]): {
  language: Language;
  tag: string;
} {
  for (const tag of wanted) {
    const language = tag.split('-')[0]?.toLowerCase();
    if (language === 'en' || language === 'fr') return { language, tag };
  }
  return { language: 'en', tag: 'en' };
}

const browserTags = () => (typeof navigator === 'undefined' ? [] : navigator.languages);

class Locale {
  language = $state<Language>('en');
  /** With region, for dates and numbers: the browser's, when it is the same language. */
  tag = $state('en');

  use(wanted: readonly string[]): void {
    const { language, tag } = choose(wanted);
    const regional = tag.includes('-')
      ? tag
      : browserTags().find((t) => t.toLowerCase().startsWith(`${language}-`));
    this.language = language;
    this.tag = supported(regional ?? tag) ? (regional ?? tag) : language;
    if (typeof document !== 'undefined') document.documentElement.lang = language;
  }

  useBrowser(): void {
    this.use(browserTags());
  }
}

function supported(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf([tag]).length > 0;
  } catch {
    return false;
  }
}

export const locale = new Locale();

const formats = new Map<string, IntlMessageFormat>();

/** French sets a space before its tall marks and inside its quotes, where no line may break. */
const unbroken = (text: string) =>
  text.replace(/ (?=[:;?!»])/g, '\u00a0').replace(/(?<=«) /g, '\u00a0');

/** Marks that turn the direction of what follows: a name that ends in one would turn our words. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;

const straight = (word: string) => word.replace(TURNS, '');

const allStraight = (values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? straight(value) : value,
    ]),
  );

export function t(key: MessageKey, values?: Values): string {
  const written = catalogues[locale.language][key];
  const text = locale.language === 'fr' ? unbroken(written) : written;
  if (!values) return text;
  const id = `${locale.language}:${key}`;
  let format = formats.get(id);
  if (!format) {
    format = new IntlMessageFormat(text, locale.tag, undefined, {
      ignoreTag: true,
    });
    formats.set(id, format);
  }
  return String(format.format(allStraight(values)));
}

/** A fuzzy date in words, or nothing when there is none. */
export function whenWords(edtf: string | null | undefined): string {
  return edtf ? fuzzyDate(edtf, locale.tag) : '';
}

export function dateTime(time: string): string {
  return new Intl.DateTimeFormat(locale.tag, {
    dateStyle: 'medium',
    timeStyle: 'short',
  }).format(new Date(time));
}

export function day(time: string): string {
  return new Intl.DateTimeFormat(locale.tag, { dateStyle: 'long' }).format(new Date(time));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export function ago(time: string, now: number = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1_000;
  const format = new Intl.RelativeTimeFormat(locale.tag, { numeric: 'auto' });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  return format.format(0, 'second');
}

const MINUTE = 60;
const HOUR = 3_600;

function amount(count: number, unit: 'second' | 'minute' | 'hour' | 'day'): string {
  return new Intl.NumberFormat(locale.tag, { style: 'unit', unit, unitDisplay: 'long' }).format(
    count,
  );
}

/** A length of time in the largest unit that says it exactly. */
export function duration(seconds: number): string {
  if (seconds % (24 * HOUR) === 0) return amount(seconds / (24 * HOUR), 'day');
  if (seconds % HOUR === 0) return amount(seconds / HOUR, 'hour');
  return seconds % MINUTE === 0 ? amount(seconds / MINUTE, 'minute') : amount(seconds, 'second');
}

/** When something may be tried again: never sooner than it may be, and no more exact than needed. */
export function soon(seconds: number, now: number = Date.now()): string {
  if (seconds <= 5) return t('wait.moment');
  const about = (time: string) => t('wait.about', { time });
  if (seconds <= 50) return about(amount(Math.ceil(seconds / 10) * 10, 'second'));
  const minutes = Math.ceil(seconds / MINUTE);
  if (minutes <= 10) return about(amount(minutes, 'minute'));
  if (minutes <= 90) return about(amount(Math.ceil(minutes / 5) * 5, 'minute'));
  const then = new Date(now + seconds * 1_000);
  const tomorrow = new Date(now);
  tomorrow.setDate(tomorrow.getDate() + 1);
  if (seconds > 12 * HOUR && then.toDateString() === tomorrow.toDateString()) {
    return t('wait.tomorrow', {
      time: new Intl.DateTimeFormat(locale.tag, { timeStyle: 'short' }).format(then),
    });
  }
  const hours = Math.ceil(seconds / HOUR);
  return about(hours <= 36 ? amount(hours, 'hour') : amount(Math.ceil(hours / 24), 'day'));
}

export function list(words: string[]): string {
  return new Intl.ListFormat(locale.tag, { type: 'conjunction' }).format(words.map(straight));
}
