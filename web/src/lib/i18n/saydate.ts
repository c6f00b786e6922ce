// Dates as people type them, turned into EDTF where the API takes nothing else (born, died).

const MONTHS: Record<string, number> = {};
const NAMES = [
  ['january', 'jan', 'janvier', 'janv'],
  ['february', 'feb', 'fevrier', 'fevr'],
  ['march', 'mar', 'mars'],
  ['april', 'apr', 'avril', 'avr'],
  ['may', 'mai'],
  ['june', 'jun', 'juin'],
  ['july', 'jul', 'juillet', 'juil'],
  ['august', 'aug', 'aout'],
  ['september', 'sep', 'sept', 'septembre'],
  ['october', 'oct', 'octobre'],
  ['november', 'nov', 'novembre'],
  ['december', 'dec', 'decembre'],
];
NAMES.forEach((names, i) => names.forEach((name) => (MONTHS[name] = i + 1)));

const SEASONS: Record<string, number> = {
  spring: 21,
  printemps: 21,
  summer: 22,
  ete: 22,
  autumn: 23,
  fall: 23,
  automne: 23,
  winter: 24,
  hiver: 24,
};

const LEADS: [RegExp, (d: string) => string][] = [
  [/^(?:about|around|circa|ca?\.?|vers|environ|autour(?: de)?) /, (d) => `${d}~`],
  [/^(?:maybe|perhaps|probably|peut-etre|sans doute) /, (d) => `${d}?`],
  [/^(?:(?:before|until|avant) |jusqu'(?:en)? ?)/, (d) => `../${d}`],
  [/^(?:after|since|apres|depuis) /, (d) => `${d}/..`],
];

const two = (n: number) => String(n).padStart(2, '0');

/** Level 0 and 1 by shape only; whether the day exists is the server's to say. */
export function isEdtf(text: string): boolean {
  const date = String.raw`\d{3}[\dX](?:-(?:\d{2}|XX)(?:-(?:\d{2}|XX)(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?)?)?[~?%]?`;
  return new RegExp(String.raw`^(?:${date}|(?:${date}|\.\.)?/(?:${date}|\.\.)?)$`).test(text);
}

function fold(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[’]/g, "'")
    .replace(/,/g, ' ')
    .replace(/\b(?:the|les|le|la|l'|en|in|of|de|du)\b\s*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function numeric(text: string, monthFirst: boolean): string | null {
  const m = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})$/.exec(text);
  if (!m) return null;
  const [first, second] = [Number(m[1]), Number(m[2])];
  const [day, month] = monthFirst && first <= 12 ? [second, first] : [first, second];
  return month >= 1 && month <= 12 && day >= 1 && day <= 31
    ? `${m[3]}-${two(month)}-${two(day)}`
    : null;
}

function single(text: string, monthFirst: boolean): string | null {
  if (isEdtf(text.toUpperCase()) && !text.includes('/')) return text.toUpperCase();
  const decade = /^(?:annees )?(\d{3})0(?:'?s)?$/.exec(text);
  if (decade && text !== `${decade[1]}0`) return `${decade[1]}X`;
  const slashes = numeric(text, monthFirst);
  if (slashes) return slashes;
  const words = text
    .replace(/(\d)(?:st|nd|rd|th|er)\b/g, '$1')
    .replace(/\./g, '')
    .split(' ');
  const year = words.find((w) => /^\d{4}$/.test(w));
  if (!year) return null;
  const rest = words.filter((w) => w !== year);
  if (rest.length === 0) return year;
  const season = rest.length === 1 ? SEASONS[rest[0] ?? ''] : undefined;
  if (season) return `${year}-${season}`;
  const month = rest.map((w) => MONTHS[w]).find((n) => n !== undefined);
  const day = rest.find((w) => /^\d{1,2}$/.test(w));
  if (!month || rest.length > (day ? 2 : 1)) return null;
  return day ? `${year}-${two(month)}-${two(Number(day))}` : `${year}-${two(month)}`;
}

/** "about 1962", "14 juillet 1962", "1958 to 1994" → EDTF; null when it cannot be read. */
export function edtfFromWords(said: string, tag: string): string | null {
  const asIs = said.trim();
  if (isEdtf(asIs)) return asIs;
  const text = fold(said);
  const monthFirst = tag === 'en-US' || tag === 'en';
  const range =
    /^(?:between |from |entre |de )?(.+?)\s*(?: and | to | until | et | a |–|—| - |(?<=\d{4})-(?=\d{4}))\s*(.+)$/.exec(
      text,
    );
  if (range?.[1] && range[2]) {
    const [a, b] = [single(range[1], monthFirst), single(range[2], monthFirst)];
    if (a && b) return `${a}/${b}`;
  }
  for (const [lead, wrap] of LEADS) {
    if (!lead.test(text)) continue;
    const rest = single(text.replace(lead, ''), monthFirst);
    return rest && wrap(rest);
  }
  return single(text, monthFirst);
}
