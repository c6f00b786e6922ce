// What proves who one is: passwords, codes, passkeys, and the sign-ins that came of them.
import { data, done, server } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];

export const factors = () => data(server.GET('/auth/factors'));

export const signIns = async () => (await data(server.GET('/auth/sessions'))).items;

export const endSignIn = (id: string) =>
  done(
    server.DELETE('/auth/sessions/{session_id}', {
      params: { path: { session_id: id } },
    }),
  );

export const endOtherSignIns = () => done(server.DELETE('/auth/sessions'));

export const reauth = (body: Schemas['ReauthRequest']) =>
  done(server.POST('/auth/reauth', { body }));

export const changePassword = (body: Schemas['PasswordChange']) =>
  done(server.POST('/auth/password/change', { body }));

export const beginTotp = () => data(server.POST('/auth/totp'));

export const confirmTotp = async (code: string) =>
  (await data(server.POST('/auth/totp/confirm', { body: { code } }))).recovery_codes;

export const removeTotp = () => done(server.DELETE('/auth/totp'));

export const renewRecoveryCodes = async () =>
  (await data(server.POST('/auth/totp/recovery-codes'))).recovery_codes;

export const askForNewPasskey = () => data(server.POST('/auth/passkeys/register/start'));

export const addPasskey = async (body: Schemas['NewPasskey']) =>
  (await data(server.POST('/auth/passkeys/register/finish', { body }))).passkey;

const named = (id: string) => ({ params: { path: { passkey_id: id } } });

export const renamePasskey = (id: string, label: string) =>
  data(
    server.PATCH('/auth/passkeys/{passkey_id}', {
      ...named(id),
      body: { label },
    }),
  );

export const removePasskey = (id: string) =>
  done(server.DELETE('/auth/passkeys/{passkey_id}', named(id)));

export const askForPasskey = () => data(server.POST('/auth/passkeys/login/start'));

/** What happened to the account, a page at a time. */
export const activity = (cursor?: string) =>
  data(server.GET('/auth/me/activity', { params: { query: { limit: 10, cursor } } }));

/** Who looked at what is the account's. */
export const looks = async () => (await data(server.GET('/auth/me/break-glass'))).items;
