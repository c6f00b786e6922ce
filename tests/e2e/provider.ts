// A certified provider of sign-ins, run by the test: whoever types a name is that person.
import type { Page } from '@playwright/test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export const CLIENT = {
  id: 'memoria',
  secret: 'a-secret-between-servers-only',
};

export interface ProviderServer {
  issuer: string;
  /** What a server is told to offer it. */
  environment: Record<string, string>;
  /** The groups of whoever it is asked about from now on. */
  groups: string[];
  /** Types a name there, and agrees to what is asked. */
  signIn(page: Page, name: string): Promise<void>;
  /** Knows where browsers come back to; before that, it has no clients. */
  serve(origin: string, id?: string): void;
  stop(): Promise<void>;
}

export async function startProvider(): Promise<ProviderServer> {
  let provider: Provider | null = null;
  const server = createServer((request, response) => {
    if (provider) provider.callback()(request, response);
    else response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const running: ProviderServer = {
    issuer,
    environment: {
      CLONEMEMORIA_REGISTRATION: 'open',
      CLONEMEMORIA_AUTH_OIDC_ISSUER: issuer,
      CLONEMEMORIA_AUTH_OIDC_CLIENT_ID: CLIENT.id,
      CLONEMEMORIA_AUTH_OIDC_CLIENT_SECRET: CLIENT.secret,
      CLONEMEMORIA_AUTH_OIDC_NAME: 'Family ID',
      CLONEMEMORIA_AUTH_OIDC_GROUPS_CLAIM: 'groups',
    },
    groups: [],
    async signIn(page, name) {
      await page.waitForURL(`${issuer}/**`);
      await page.locator('input[name=login]').fill(name);
      await page.locator('input[name=password]').fill('anything');
      await page.locator('button[type=submit]').click();
      await page.locator('button[type=submit]').click();
    },
    serve(origin, id = 'oidc') {
      provider = new Provider(issuer, {
        clients: [
          {
            client_id: CLIENT.id,
            client_secret: CLIENT.secret,
            redirect_uris: [`${origin}/api/v1/auth/oidc/${id}/callback`],
            post_logout_redirect_uris: [`${origin}/login`],
          },
        ],
        claims: { email: ['email', 'email_verified'], profile: ['name', 'groups'] },
        cookies: { keys: ['only for tests'] },
        findAccount: (_context, id) => ({
          accountId: id,
          claims: () => ({
            sub: id,
            email: `${id}@example.org`,
            email_verified: true,
            name: id,
            groups: running.groups,
          }),
        }),
      });
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return running;
}
