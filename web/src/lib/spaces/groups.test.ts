// What a provider said of oneself is offered, and nothing else.
import { describe, expect, it } from 'vitest';
import type { LinkedIdentity } from '$lib/api';
import { groupsAt } from './groups';

const identity = (provider: string | null, groups: string[]): LinkedIdentity => ({
  id: '1',
  provider,
  provider_name: 'Home',
  email: null,
  groups,
  linked_at: '2026-01-01T00:00:00Z',
  last_used_at: '2026-01-01T00:00:00Z',
});

describe('groups of one’s own', () => {
  it('are those of every identity at the provider, each once', () => {
    const linked = [
      identity('home', ['family', 'elders']),
      identity('home', ['family']),
      identity('work', ['staff']),
      identity(null, ['gone']),
    ];
    expect(groupsAt(linked, 'home')).toEqual(['elders', 'family']);
    expect(groupsAt(linked, 'elsewhere')).toEqual([]);
  });
});
