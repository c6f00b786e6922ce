// What one can be in a space, in words, and who may change whom. The server decides; this only
// keeps what it would refuse off the page.
import type { Reach, Role, Space } from '$lib/api';
import { t, type MessageKey } from '$lib/i18n/index.svelte';

export const ROLES: { id: Role; label: MessageKey; text: MessageKey }[] = [
  { id: 'visitor', label: 'role.visitor', text: 'role.visitorText' },
  {
    id: 'contributor',
    label: 'role.contributor',
    text: 'role.contributorText',
  },
  { id: 'steward', label: 'role.steward', text: 'role.stewardText' },
  { id: 'owner', label: 'role.owner', text: 'role.ownerText' },
];

const rank = (role: Role) => ROLES.findIndex((r) => r.id === role);
const words = (role: Role) => ROLES[rank(role)] ?? ROLES[0]!;

export const roleWord = (role: Role): MessageKey => words(role).label;
export const roleText = (role: Role): MessageKey => words(role).text;

/** May shape clones, make new ones in the space, and invite. */
export const isSteward = (role: Role): boolean => rank(role) >= rank('steward');

/** The roles that somebody can give away; being the owner is handed over, not given. */
export function rolesToGive(own: Role): typeof ROLES {
  if (!isSteward(own)) return [];
  return ROLES.filter((role) => rank(role.id) < rank(own));
}

/** Whether somebody may change or remove another. */
export const looksAfter = (own: Role, other: Role): boolean =>
  isSteward(own) && rank(other) < rank(own);

export const spaceName = (space: Space): string =>
  space.kind === 'personal' ? t('spaces.personal') : space.name;

/** Who finds a clone, for each reach; where one is alone, two of them mean the same. */
export function reaches(space: Space): { id: Reach; label: string; text: string }[] {
  const all = {
    id: 'public' as const,
    label: t('reach.public'),
    text: t('reach.publicText'),
  };
  if (space.kind === 'personal') {
    return [{ id: 'private', label: t('reach.me'), text: t('reach.meText') }, all];
  }
  const name = space.name;
  return [
    {
      id: 'private',
      label: t('reach.private'),
      text: t('reach.privateText', { space: name }),
    },
    {
      id: 'space',
      label: t('reach.space', { space: name }),
      text: t('reach.spaceText'),
    },
    all,
  ];
}
