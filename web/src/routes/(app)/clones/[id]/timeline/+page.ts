// A life in order of time.
import { memories, type Timeline } from '$lib/api';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

// A life has thousands of memories at most; the undated ones come with the last page.
const MOST_PAGES = 25;

async function whole(cloneId: string): Promise<Timeline> {
  const first = await memories.timeline(cloneId);
  let cursor = first.next_cursor;
  for (let i = 1; cursor && i < MOST_PAGES; i++) {
    const page = await memories.timeline(cloneId, cursor);
    first.items.push(...page.items);
    first.undated.push(...page.undated);
    cursor = page.next_cursor;
  }
  return { ...first, next_cursor: cursor };
}

export async function load({ params, parent }: PageLoadEvent) {
  await parent();
  return { timeline: await guarded(() => whole(params.id)) };
}
