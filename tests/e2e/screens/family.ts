// A family's example for the pictures: a grandmother, told by those who knew her.
import type { Page } from '@playwright/test';

export const ROSA = {
  name: 'Rosa Keller',
  subject: 'deceased',
  relationship: 'my grandmother',
  description: 'Baker’s daughter, dancer, gardener, and the best card player of the valley.',
  born: '1934-05-03',
  died: '2011~',
  traits: ['warm', 'stubborn', 'quick to laugh'],
};

const PEOPLE = [
  {
    name: 'Paul',
    relation: 'her husband',
    aliases: ['Paulchen'],
    born: '1931',
    died: '1998',
  },
  {
    name: 'Anton',
    relation: 'her father, a baker',
    notes: 'He whistled before he spoke.',
  },
  { name: 'Lise', relation: 'her sister', born: '1937' },
];

const MEMORIES = [
  {
    title: 'The dance',
    content:
      'I met Paul at the dance in Lyon. 💃🏽 It rained all night, and we did not notice. He asked me before he knew my name, and I said yes before I knew his.',
    occurred_text: 'July 1962',
    place: 'Lyon',
    people: ['Paul'],
    tags: ['love'],
  },
  {
    title: 'Four in the morning',
    content:
      'My father had a bakery. Every morning at four the whole street smelled of bread, and Lise and I carried the first rolls to the station in a pillowcase so that they stayed warm.',
    occurred_text: 'about 1941',
    people: ['Anton', 'Lise'],
    tags: ['childhood', 'bakery'],
  },
  {
    title: 'Paul at the dances',
    content:
      'Paul danced badly and never stopped. When the band went home he hummed, and when he forgot the tune he invented another one.',
    occurred_text: '1963',
    people: ['Paul'],
    tags: ['love'],
  },
  {
    title: 'The apple trees',
    content:
      'The garden behind the house had four apple trees. I planted the last one myself, the week your mother was born, and it still leans towards the kitchen window.',
    occurred_at: '1966-10',
    place: 'Annecy',
    tags: ['garden'],
  },
  {
    title: 'The letter from the front office',
    content:
      'Dear Rosa, the house by the lake is ours if we want it. It has no bath and the roof sings in the wind. Shall we? Your Paul',
    kind: 'letter',
    occurred_at: '1964-03-12',
    place: 'Annecy',
    people: ['Paul'],
    speaker: 'Paul',
  },
  {
    content: 'Never lend money to a man who polishes his shoes twice a day.',
    kind: 'quote',
    tags: ['sayings'],
  },
  {
    title: 'Coffee',
    content:
      'She took her coffee without sugar, but with a spoon: she liked to stir while thinking.',
    kind: 'preference',
  },
  {
    title: 'The winter of the frozen lake',
    content:
      'In the winter the lake froze so hard that the postman came by skates. Lise fell through once, up to the knee, and lost a boot that my father paid for with a month of cakes.',
    occurred_text: 'winter 1946',
    place: 'Annecy',
    people: ['Lise', 'Anton'],
  },
  {
    title: 'Cards on Sundays',
    content:
      'On Sundays we played cards for buttons. She won every button in the house and gave them back on Monday, sorted by colour.',
    occurred_at: '1978/1994',
    tags: ['sundays'],
  },
  {
    title: 'The choir',
    content:
      'I sang in the choir of Saint Anne until my voice broke in the cold winter. After that I turned the pages, which is the better seat anyway.',
    occurred_at: '1950/1956',
    place: 'Saint Anne',
  },
  {
    title: 'When Paul was ill',
    content:
      'When Paul was ill I read him the newspaper from back to front, because he said the end of the world was on the first page.',
    occurred_at: '1998-02',
    people: ['Paul'],
  },
  {
    title: 'The blue dress',
    content: 'The blue dress in the attic is the one from the dance. Do not wash it.',
    kind: 'fact',
    tags: ['love'],
  },
];

/** Makes Rosa over the API with the cookie of the page; answers with her id. */
export function makeRosa(page: Page): Promise<string> {
  return page.evaluate(
    async ({ rosa, people, memories }) => {
      const send = async (path: string, body: unknown) => {
        const response = await fetch(`/api/v1${path}`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        });
        if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
        return (await response.json()) as { id: string };
      };
      const { id } = await send('/clones', rosa);
      for (const person of people) await send(`/clones/${id}/people`, person);
      for (const memory of memories) await send(`/clones/${id}/memories`, memory);
      return id;
    },
    { rosa: ROSA, people: PEOPLE, memories: MEMORIES },
  );
}
