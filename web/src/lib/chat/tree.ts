// Messages form a tree: asking again makes a sibling. One branch of it is shown.
import type { Message } from '$lib/api';

/** Which child was picked, by parent id; '' stands for the beginning. */
export type Choices = Record<string, string>;

type Node = Pick<Message, 'id' | 'parent_id' | 'created_at'>;

const keyOf = (message: Node) => message.parent_id ?? '';

function byAge(a: Node, b: Node): number {
  // Ids are time-ordered and settle what the clock left equal.
  return a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id);
}

function childrenByParent<M extends Node>(messages: M[]): Map<string, M[]> {
  const ids = new Set(messages.map((m) => m.id));
  const children = new Map<string, M[]>();
  for (const message of [...messages].sort(byAge)) {
    // An answer whose parent is gone still has to be reachable.
    const key = ids.has(keyOf(message)) ? keyOf(message) : '';
    children.set(key, [...(children.get(key) ?? []), message]);
  }
  return children;
}

/** For each message the newest one below it, itself included. */
function newestBelow<M extends Node>(children: Map<string, M[]>): Map<string, M> {
  const newest = new Map<string, M>();
  const all = [...children.values()].flat().sort(byAge).reverse();
  for (const message of all) {
    // Children are younger than their parents, so they were seen before.
    const below = (children.get(message.id) ?? []).map((c) => newest.get(c.id) ?? c);
    newest.set(message.id, [message, ...below].sort(byAge).at(-1) ?? message);
  }
  return newest;
}

/** The branch to show: what was picked, and where nothing was, the way to the newest message. */
export function branchOf<M extends Node>(messages: M[], choices: Choices = {}): M[] {
  const children = childrenByParent(messages);
  const newest = newestBelow(children);
  const branch: M[] = [];
  const shown = new Set<string>();
  let key = '';
  for (;;) {
    const options = children.get(key) ?? [];
    const picked = options.find((m) => m.id === choices[key]);
    const latest = [...options].sort((a, b) => byAge(newest.get(a.id) ?? a, newest.get(b.id) ?? b));
    const next = picked ?? latest.at(-1);
    // A message below itself would be followed for ever.
    if (!next || shown.has(next.id)) return branch;
    branch.push(next);
    shown.add(next.id);
    key = next.id;
  }
}

export function siblingsOf<M extends Node>(messages: M[], message: Node): M[] {
  return messages.filter((m) => keyOf(m) === keyOf(message)).sort(byAge);
}
