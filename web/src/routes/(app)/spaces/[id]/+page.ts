// A space, who is in it, what is kept there, and who is invited.
import { accounts, clones, identities, spaces } from '$lib/api';
import { isSteward } from '$lib/spaces/roles';
import { guarded } from '$lib/state/guarded';
import type { PageLoadEvent } from './$types';

export async function load({ params, parent, depends }: PageLoadEvent) {
  await parent();
  depends('app:space');
  return guarded(async () => {
    const space = await spaces.space(params.id);
    const invites = space.kind === 'shared' && isSteward(space.role);
    const [members, invitations, groups, linked, all, setup] = await Promise.all([
      space.kind === 'shared' ? spaces.members(params.id) : [],
      invites ? spaces.invitations(params.id) : [],
      invites ? spaces.groups(params.id) : null,
      invites ? identities.linked() : [],
      clones.clones(),
      invites ? accounts.setupState() : null,
    ]);
    return {
      space,
      members,
      invitations,
      groups,
      linked,
      clones: all.items.filter((clone) => clone.space_id === space.id),
      mail: setup?.mail ?? false,
    };
  });
}
