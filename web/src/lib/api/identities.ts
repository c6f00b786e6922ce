// Signing in at providers, and who an account is there.
import { API_BASE, data, done, server } from './client';

/** The providers that one can sign in with. */
export const providers = async () => (await data(server.GET('/auth/oidc'))).items;

/**
 * Where a browser goes to sign in at a provider; `redirectTo` is a path within the app, and
 * `locale` the language of an account that is made on the way.
 */
export function startAddress(
  provider: string,
  redirectTo: string,
  locale: string,
  invite: string | null,
): string {
  const query = new URLSearchParams({ redirect_to: redirectTo, locale });
  if (invite) query.set('invite', invite);
  return `${API_BASE}/auth/oidc/${encodeURIComponent(provider)}/start?${query}`;
}

export const linked = async () => (await data(server.GET('/auth/me/identities'))).items;

/** Where the browser goes to link who one is at a provider. */
export const link = async (provider: string, redirectTo: string) =>
  (await data(server.POST('/auth/me/identities', { body: { provider, redirect_to: redirectTo } })))
    .url;

export const unlink = (id: string) =>
  done(
    server.DELETE('/auth/me/identities/{identity_id}', { params: { path: { identity_id: id } } }),
  );

/** Where the browser goes to prove again at a provider who one is. */
export const proveAt = async (provider: string, redirectTo: string) =>
  (
    await data(
      server.POST('/auth/oidc/{provider}/reauth', {
        params: { path: { provider } },
        body: { redirect_to: redirectTo },
      }),
    )
  ).url;
