// The conversation page: earlier conversations, and memories to make first questions from.
import { conversations, memories } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ params, parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:conversations');
  const [talks, told] = await guarded(() =>
    Promise.all([
      conversations.conversations(params.id),
      memories.memories(params.id, {}, undefined, 30),
    ]),
  );
  return {
    conversations: talks.items,
    told: told.items,
  };
}
