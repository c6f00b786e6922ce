// Setting up, signing in and out, and what an account may change about itself.
import { data, done, server } from './client';
import { problemFrom, ApiError } from './problem';
import type { Account, ConsentChoices, Session } from './types';
import type { components } from './schema';

type Schemas = components['schemas'];

/** Signing in answers with the account; a server that keeps it back has not signed us in. */
async function entered(pending: Promise<Session>): Promise<Account> {
  const { account } = await pending;
  if (!account) throw new ApiError(problemFrom(null, 502));
  return account;
}

export const setupState = () => data(server.GET('/setup'));

export const setUp = (body: Schemas['SetupRequest']) =>
  entered(data(server.POST('/setup', { body })));

export const register = (body: Schemas['RegisterRequest']) =>
  entered(data(server.POST('/auth/register', { body })));

export const login = (body: Schemas['LoginRequest']) =>
  entered(data(server.POST('/auth/login', { body })));

/** The code that is owed after coming back from a provider. */
export const bringCode = (body: Schemas['CodeOwed']) =>
  entered(data(server.POST('/auth/oidc/finish', { body })));

export const loginWithPasskey = (body: Schemas['PasskeyReply']) =>
  entered(data(server.POST('/auth/passkeys/login/finish', { body })));

/** Signs out; where one can sign out too, if a provider was what opened the door. */
export const logout = async (): Promise<string | null> =>
  (await data(server.POST('/auth/logout')))?.end_session_url ?? null;

export const me = () => data(server.GET('/auth/me'));

export const changeMe = (body: Schemas['AccountPatch']) => data(server.PATCH('/auth/me', { body }));

export const changeConsents = (body: ConsentChoices) =>
  data(server.PATCH('/auth/me/consent', { body }));

/** What can be agreed to, word for word: what is shown is what is kept of it. */
export const consentTexts = async (locale: string) =>
  (await data(server.GET('/consents', { params: { query: { locale } } }))).items;

export const consentHistory = () =>
  data(server.GET('/auth/me/consent', { params: { query: { limit: 100 } } }));

/** What would go with the account. */
export const erasurePreview = () => data(server.GET('/auth/me/data'));

/** Erases everything of the account; what opens the receipt. */
export const eraseMe = async (confirm: string): Promise<string> =>
  (await data(server.DELETE('/auth/me/data', { body: { confirm } }))).erasure_id;

/** Has everything of the account only stored, or used again. */
export const restrict = (restricted: boolean) =>
  done(restricted ? server.PUT('/auth/me/restriction') : server.DELETE('/auth/me/restriction'));

/** How far an erasure is. */
export const erasure = (erasure_id: string) =>
  data(server.GET('/auth/erasures/{erasure_id}', { params: { path: { erasure_id } } }));

export const forgotPassword = (email: string) =>
  done(server.POST('/auth/password/forgot', { body: { email } }));

export const resetPassword = (token: string, new_password: string) =>
  done(server.POST('/auth/password/reset', { body: { token, new_password } }));

export const sendVerification = () => done(server.POST('/auth/email/verification'));

export const verifyEmail = (token: string) =>
  data(server.POST('/auth/email/verify', { body: { token } }));

export const changeEmail = (email: string) =>
  data(server.POST('/auth/email/change', { body: { email } }));

/** Everything of the account as a file; it needs a fresh proof. */
export const takeAlong = (format: 'zip' | 'json'): Promise<Blob> =>
  data(server.GET('/auth/me/export', { params: { query: { format } }, parseAs: 'blob' }));
