// First questions made from what is really remembered, so that the first answer is not a blank.
import type { Memory } from '$lib/api';
import { t, whenWords } from '$lib/i18n/index.svelte';

type Source = Pick<Memory, 'place' | 'people' | 'tags' | 'occurred_at' | 'title'>;

const MOST = 4;
const DATED = /^\d{4}([~-]|$)/;

/** Names first, as they are surest to be found; places and tags only fill up. */
export function suggestedQuestions(memories: Source[], name: string): string[] {
  const used = new Set([name.toLowerCase()]);
  const fresh = (words: (string | null)[]): string | undefined => {
    const word = words.find((w) => w && !used.has(w.toLowerCase())) ?? undefined;
    if (word) used.add(word.toLowerCase());
    return word;
  };
  const people = memories.flatMap((m) => m.people);
  const titles = memories.map((m) => m.title);
  const person = fresh(people);
  const title = fresh(titles);
  const dated = memories.find((m) => DATED.test(m.occurred_at ?? '') && m.title !== title);
  const another = fresh(titles.filter((other) => other !== dated?.title));
  const place = fresh(memories.map((m) => m.place));
  const tag = fresh(memories.flatMap((m) => m.tags));
  const questions = [
    person && t('suggest.person', { person }),
    title && t('suggest.title', { title }),
    dated && t('suggest.when', { when: whenWords(dated.occurred_at) }),
    another && t('suggest.title', { title: another }),
    place && t('suggest.place', { place }),
    tag && t('suggest.tag', { tag }),
  ];
  return questions.filter((question) => question !== undefined).slice(0, MOST);
}
