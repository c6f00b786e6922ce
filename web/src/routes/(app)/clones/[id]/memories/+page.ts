// The names of people are offered while a memory is told; a question that was asked elsewhere
// comes by its name, as what to tell about (`about`) or to look for (`like`).
import { clones, conversations } from '$lib/api';
import { LONGEST } from '$lib/memories/wanted';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

async function question(conversation: string | null, message: string | null): Promise<string> {
  if (!conversation || !message) return '';
  try {
    const said = await conversations.allMessages(conversation);
    return said.find((one) => one.id === message)?.content ?? '';
  } catch {
    // It was deleted meanwhile: the page is as good without it.
    return '';
  }
}

export async function load({ params, parent, url, depends }: PageLoadEvent) {
  await parent();
  depends('app:people');
  const read = (name: string) => url.searchParams.get(name);
  const [people, about, like] = await Promise.all([
    guarded(() => clones.people(params.id)),
    question(read('c'), read('about')),
    question(read('c'), read('like')),
  ]);
  const q = [...like].slice(0, LONGEST).join('');
  return { people: people.items.map((p) => p.name), about, q, open: read('m') };
}
