// Spaces, who is in them, and the invitations into them.
import { data, done, onlyOnce, server } from './client';
import type { GroupDraft, InvitationDraft, Role } from './types';

const of = (space_id: string) => ({ params: { path: { space_id } } });
const memberOf = (space_id: string, account_id: string) => ({
  params: { path: { space_id, account_id } },
});

export const spaces = async () => (await data(server.GET('/spaces'))).items;

export const space = (id: string) => data(server.GET('/spaces/{space_id}', of(id)));

export const createSpace = (name: string) =>
  data(server.POST('/spaces', { body: { name }, params: { header: onlyOnce() } }));

export const renameSpace = (id: string, name: string) =>
  data(server.PATCH('/spaces/{space_id}', { ...of(id), body: { name } }));

export const deleteSpace = (id: string) => done(server.DELETE('/spaces/{space_id}', of(id)));

export const members = async (id: string) =>
  (await data(server.GET('/spaces/{space_id}/members', of(id)))).items;

export const changeRole = (id: string, account: string, role: Role) =>
  data(
    server.PATCH('/spaces/{space_id}/members/{account_id}', {
      ...memberOf(id, account),
      body: { role },
    }),
  );

export const removeMember = (id: string, account: string) =>
  done(server.DELETE('/spaces/{space_id}/members/{account_id}', memberOf(id, account)));

export const invitations = async (id: string) =>
  (await data(server.GET('/spaces/{space_id}/invitations', of(id)))).items;

export const invite = (space_id: string, body: InvitationDraft) =>
  data(
    server.POST('/spaces/{space_id}/invitations', {
      params: { path: { space_id }, header: onlyOnce() },
      body,
    }),
  );

export const withdraw = (space_id: string, invitation_id: string) =>
  done(
    server.DELETE('/spaces/{space_id}/invitations/{invitation_id}', {
      params: { path: { space_id, invitation_id } },
    }),
  );

export const offer = (token: string) => data(server.POST('/invitations/show', { body: { token } }));

export const accept = (token: string) =>
  data(server.POST('/invitations/accept', { body: { token } }));

export const groups = (id: string) => data(server.GET('/spaces/{space_id}/groups', of(id)));

export const letGroupIn = (id: string, body: GroupDraft) =>
  data(server.POST('/spaces/{space_id}/groups', { ...of(id), body }));

export const shutGroupOut = (space_id: string, group_id: string) =>
  done(
    server.DELETE('/spaces/{space_id}/groups/{group_id}', {
      params: { path: { space_id, group_id } },
    }),
  );
