// One's own groups at providers of sign-ins.
import type { LinkedIdentity } from '$lib/api';

/** The groups that a provider said one is in, each once. */
export const groupsAt = (linked: LinkedIdentity[], provider: string): string[] => {
  const there = linked.filter((identity) => identity.provider === provider);
  return [...new Set(there.flatMap((identity) => identity.groups))].sort();
};
