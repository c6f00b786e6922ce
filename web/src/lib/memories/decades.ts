// A timeline in decades and years, in the order it came.
import type { Memory, Timeline } from '$lib/api';

export interface Year {
  year: string;
  memories: Memory[];
}

export interface Decade {
  start: string;
  years: Year[];
}

export function byDecade(items: Timeline['items']): Decade[] {
  const decades: Decade[] = [];
  for (const { earliest, memory } of items) {
    const year = earliest.slice(0, 4);
    const start = `${year.slice(0, 3)}0`;
    let decade = decades.find((d) => d.start === start);
    if (!decade) decades.push((decade = { start, years: [] }));
    let group = decade.years.find((y) => y.year === year);
    if (!group) decade.years.push((group = { year, memories: [] }));
    group.memories.push(memory);
  }
  return decades;
}
