// The page offers what the server would allow, and no more.
import { describe, expect, it } from 'vitest';
import type { Role, Space } from '$lib/api';
import { isSteward, looksAfter, reaches, ROLES, rolesToGive, spaceName } from './roles';

const given = (own: Role) => rolesToGive(own).map((role) => role.id);
const space = (kind: Space['kind'], name: string): Space => ({
  id: '1',
  name,
  kind,
  role: 'owner',
  member_count: 1,
  created_at: '2026-01-01T00:00:00Z',
});

describe('roles', () => {
  it('are given by the owner and, below their own, by stewards', () => {
    expect(given('owner')).toEqual(['visitor', 'contributor', 'steward']);
    expect(given('steward')).toEqual(['visitor', 'contributor']);
    expect(given('contributor')).toEqual([]);
    expect(given('visitor')).toEqual([]);
  });

  it('look after those below them only', () => {
    const pairs = ROLES.flatMap((own) =>
      ROLES.filter((other) => looksAfter(own.id, other.id)).map((other) => [own.id, other.id]),
    );
    expect(pairs).toEqual([
      ['steward', 'visitor'],
      ['steward', 'contributor'],
      ['owner', 'visitor'],
      ['owner', 'contributor'],
      ['owner', 'steward'],
    ]);
    expect(ROLES.filter((role) => isSteward(role.id)).map((role) => role.id)).toEqual([
      'steward',
      'owner',
    ]);
  });
});

describe('spaces', () => {
  it('have a name of ours when they have none of their own', () => {
    expect(spaceName(space('personal', ''))).toBe('Only yours');
    expect(spaceName(space('shared', 'The Millers'))).toBe('The Millers');
  });

  it('offer each way to be found once', () => {
    expect(reaches(space('personal', '')).map((reach) => reach.id)).toEqual(['private', 'public']);
    const shared = reaches(space('shared', 'The Millers'));
    expect(shared.map((reach) => reach.id)).toEqual(['private', 'space', 'public']);
    expect(shared[1]?.label).toContain('The Millers');
  });
});
