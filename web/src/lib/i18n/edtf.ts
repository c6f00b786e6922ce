// Fuzzy dates (EDTF, ISO 8601-2 levels 0 and 1) read aloud the way a person would say them.

interface Words {
  about: (d: string) => string;
  perhaps: (d: string) => string;
  between: (a: string, b: string) => string;
  before: (d: string) => string;
  since: (d: string) => string;
  decade: (y: string) => string;
  century: (n: number) => string;
  sometimeIn: (d: string) => string;
  seasons: [string, string, string, string];
}

function ordinal(n: number): string {
  const suffixes: Partial<Record<Intl.LDMLPluralRule, string>> = {
    one: 'st',
    two: 'nd',
    few: 'rd',
  };
  const rule = new Intl.PluralRules('en', { type: 'ordinal' }).select(n);
  return `${n}${suffixes[rule] ?? 'th'}`;
}

const en: Words = {
  about: (d) => `about ${d}`,
  perhaps: (d) => `perhaps ${d}`,
  between: (a, b) => `between ${a} and ${b}`,
  before: (d) => `before ${d}`,
  since: (d) => `since ${d}`,
  decade: (y) => `the ${y}s`,
  century: (n) => `the ${ordinal(n)} century`,
  sometimeIn: (d) => `some time in ${d}`,
  seasons: ['spring', 'summer', 'autumn', 'winter'],
};

const fr: Words = {
  about: (d) => `vers ${d}`,
  perhaps: (d) => `peut-être ${d}`,
  between: (a, b) => `entre ${a} et ${b}`,
  before: (d) => `avant ${d}`,
  since: (d) => `depuis ${d}`,
  decade: (y) => `les années ${y}`,
  century: (n) => `le ${n}e siècle`,
  sometimeIn: (d) => `dans le courant de ${d}`,
  seasons: ['printemps', 'été', 'automne', 'hiver'],
};

const utc = (year: number, month: number, day: number) => {
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year);
  return date;
};

function plain(text: string, tag: string, words: Words): string | null {
  const decade = /^(\d{3})X$/.exec(text)?.[1];
  if (decade) return words.decade(`${decade}0`);
  const century = /^(\d{2})XX$/.exec(text)?.[1];
  if (century) return words.century(Number(century) + 1);
  const unknownMonth = /^(\d{4})-XX(?:-XX)?$/.exec(text)?.[1];
  if (unknownMonth) return words.sometimeIn(unknownMonth);
  const unknownDay = /^(\d{4}-\d{2})-XX$/.exec(text)?.[1];
  if (unknownDay) {
    const month = plain(unknownDay, tag, words);
    return month && words.sometimeIn(month);
  }
  const parts = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(T.*)?$/.exec(text);
  const year = parts?.[1];
  if (!parts || !year) return null;
  if (parts[2] === undefined) return year;
  return monthOrDay(Number(year), Number(parts[2]), parts[3], parts[4], tag, words);
}

function monthOrDay(
  year: number,
  month: number,
  day: string | undefined,
  time: string | undefined,
  tag: string,
  words: Words,
): string | null {
  if (month >= 21 && month <= 24) {
    const season = words.seasons[month - 21] ?? '';
    return `${season} ${year}`;
  }
  if (month < 1 || month > 12) return null;
  const show = (options: Intl.DateTimeFormatOptions, of: Date) =>
    new Intl.DateTimeFormat(tag, { timeZone: 'UTC', ...options }).format(of);
  if (day === undefined) return show({ year: 'numeric', month: 'long' }, utc(year, month, 1));
  const date = utc(year, month, Number(day));
  const dayWords = show({ dateStyle: 'long' }, date);
  const clock = time ? /^T(\d{2}):(\d{2})/.exec(time) : null;
  if (!clock) return dayWords;
  date.setUTCHours(Number(clock[1]), Number(clock[2]));
  return `${dayWords}, ${show({ timeStyle: 'short' }, date)}`;
}

function qualified(text: string, tag: string, words: Words): string | null {
  const mark = text.at(-1);
  const bare = text.replace(/[~?%]$/, '');
  const said = plain(bare, tag, words);
  if (said === null) return null;
  if (mark === '~') return words.about(said);
  if (mark === '?') return words.perhaps(said);
  if (mark === '%') return words.perhaps(words.about(said));
  return said;
}

/** `1962~` → "about 1962". What is not EDTF comes back as it is: better raw than lost. */
export function fuzzyDate(edtf: string, tag: string): string {
  const words = tag.toLowerCase().startsWith('fr') ? fr : en;
  const slash = edtf.indexOf('/');
  if (slash === -1) return qualified(edtf, tag, words) ?? edtf;
  const from = edtf.slice(0, slash);
  const to = edtf.slice(slash + 1);
  const open = (side: string) => side === '' || side === '..';
  const start = open(from) ? null : qualified(from, tag, words);
  const end = open(to) ? null : qualified(to, tag, words);
  if (start && end) return words.between(start, end);
  if (end && open(from)) return words.before(end);
  if (start && open(to)) return words.since(start);
  return edtf;
}
