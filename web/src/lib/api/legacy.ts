// What becomes of an account after its person's death, and saying that one is here.
import { data, done, server } from './client';
import type { Claiming, LegacyNaming } from './types';

export const contact = async () => (await data(server.GET('/auth/me/legacy-contact'))).contact;

export const name = (body: LegacyNaming) => data(server.PUT('/auth/me/legacy-contact', { body }));

export const nameNobody = () => done(server.DELETE('/auth/me/legacy-contact'));

/** What one claimed, what is claimed of oneself, and the text to declare. */
export const claims = (locale: string) =>
  data(server.GET('/auth/legacy-claims', { params: { query: { locale } } }));

/** What a key is for. */
export const show = (key: string) =>
  data(server.POST('/auth/legacy-claims/show', { body: { key } }));

export const claim = (body: Claiming) => data(server.POST('/auth/legacy-claims', { body }));

export const withdraw = (claim_id: string) =>
  done(server.DELETE('/auth/legacy-claims/{claim_id}', { params: { path: { claim_id } } }));

export const here = () => done(server.POST('/auth/me/here'));

/** The same by the link of a mail. */
export const hereByLink = (token: string) => done(server.POST('/auth/here', { body: { token } }));

/** For admins. */
export const all = async () => (await data(server.GET('/admin/legacy-claims'))).items;

export const stop = (claim_id: string, reason: string) =>
  done(
    server.POST('/admin/legacy-claims/{claim_id}/stop', {
      params: { path: { claim_id } },
      body: { reason },
    }),
  );
