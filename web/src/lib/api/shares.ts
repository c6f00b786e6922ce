// Share links: made by whoever looks after a clone, used by whoever came by one.
import { data, done, onlyOnce, server } from './client';
import type { ShareLinkDraft } from './types';

export { bring } from './client';

export const links = async (clone_id: string) =>
  (await data(server.GET('/clones/{clone_id}/share-links', { params: { path: { clone_id } } })))
    .items;

export const makeLink = (clone_id: string, body: ShareLinkDraft) =>
  data(
    server.POST('/clones/{clone_id}/share-links', {
      params: { path: { clone_id }, header: onlyOnce() },
      body,
    }),
  );

export const revokeLink = (clone_id: string, share_link_id: string) =>
  done(
    server.DELETE('/clones/{clone_id}/share-links/{share_link_id}', {
      params: { path: { clone_id, share_link_id } },
    }),
  );

/** What the link opens that was brought. */
export const welcome = () => data(server.GET('/share'));
