// The first page: what the signed-in reader was last busy with.
import { clones, conversations, memories } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import { session } from '$lib/state/session.svelte';
import type { PageLoadEvent } from './$types';

export async function load({ parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:home');
  if (session.state.kind !== 'in') return { home: null };
  const [cloneList, talks, told] = await guarded(() =>
    Promise.all([
      clones.clones(),
      conversations.latestConversations(5),
      memories.latestMemories(5),
    ]),
  );
  return {
    home: {
      clones: cloneList.items,
      conversations: talks.items,
      memories: told.items,
    },
  };
}
