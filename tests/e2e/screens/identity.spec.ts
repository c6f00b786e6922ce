// The pages about who one is and who sees what, in both languages.
import { enter, expect, OWNER, test } from '../fixtures.ts';
import type { Page } from '@playwright/test';
import { startMailbox } from '../mailbox.ts';
import { startAppliance } from '../server.ts';
import { picture } from './all.ts';
import { makeRosa } from './family.ts';

const WORDS = {
  en: {
    locale: 'en-GB',
    totp: 'Set up an authenticator app',
    invite: 'Invite somebody',
    link: 'Make the link',
    key: 'Make a key',
    label: 'What it is for',
    further: 'Limit it further',
    email: 'E-mail',
    send: 'Send the link',
    provider: 'Add a provider',
    more: 'More settings',
    space: 'The Kellers',
  },
  fr: {
    locale: 'fr-FR',
    totp: 'Configurer une application d’authentification',
    invite: 'Inviter quelqu’un',
    link: 'Créer le lien',
    key: 'Créer une clé',
    label: 'À quoi elle sert',
    further: 'La limiter davantage',
    email: 'Adresse e-mail',
    send: 'Envoyer le lien',
    provider: 'Ajouter un fournisseur',
    more: 'Autres réglages',
    space: 'La famille Keller',
  },
} as const;

/** Calls the API with the cookie of the page. */
const send = (page: Page, path: string, body: object, method = 'POST') =>
  page.evaluate(
    async ([path, body, method]) => {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch(`/api/v1${path}`, { method, headers, body });
      return (await answer.json()) as { id: string; token: string; secret: string };
    },
    [path, JSON.stringify(body), method] as const,
  );

for (const [language, words] of Object.entries(WORDS)) {
  test.describe(language, () => {
    test.use({ locale: words.locale });

    test(`pictures of who one is (${language})`, async ({ page }) => {
      const mailbox = await startMailbox();
      const house = await startAppliance({
        environment: { ...mailbox.environment, CLONEMEMORIA_REGISTRATION: 'open' },
      });
      const shot = (name: string, whole = false) => picture(page, `${language}-${name}`, whole);
      const opened = async (path: string, name: string) => {
        await page.goto(`${house.origin}${path}`);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.getByText(/^(One moment|Un instant)…$/)).toBeHidden();
        await shot(name, true);
      };
      try {
        await enter(page, house);
        const space = await send(page, '/spaces', { name: words.space });
        await makeRosa(page);
        for (const [name, role] of [
          ['Jonas Keller', 'contributor'],
          ['Anne-Sophie van den Bergh-Montgomery', 'visitor'],
        ] as const) {
          const { token } = await send(page, `/spaces/${space.id}/invitations`, { role });
          await fetch(`${house.origin}/api/v1/auth/register`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({
              display_name: name,
              email: `${name.slice(0, 4).toLowerCase()}@example.org`,
              password: 'seven boats upon the lake',
              invite_token: token,
              consents: { data_processing: true },
            }),
          });
        }
        const email = 'aunt.lise.of.the.long.address@example.org';
        const { token } = await send(page, `/spaces/${space.id}/invitations`, {
          role: 'steward',
          email,
        });
        await opened('/spaces', 'spaces');
        await opened(`/spaces/${space.id}`, 'space');
        await page.getByRole('button', { name: words.invite }).click();
        await shot('invite');
        await page.getByRole('button', { name: words.link }).click();
        await shot('invited');
        await opened('/account', 'account');
        await opened('/account/security', 'security');
        await page.getByRole('button', { name: words.totp }).click();
        await expect(page.getByRole('img', { name: /QR/ })).toBeVisible();
        await shot('totp');
        await send(page, '/api-keys', { label: 'Backup at home', scopes: ['read', 'write'] });
        await opened('/account/developer', 'keys');
        await page.getByRole('button', { name: words.key }).click();
        await page.getByText(words.further).click();
        await shot('new-key');
        for (const [topic, detail] of [
          ['space_invitation', words.space],
          ['break_glass', 'A letter from the court, of which a copy is with the family'],
          ['api_key_created', 'Backup at home'],
          ['password_changed', ''],
          ['new_device', 'Firefox (Linux)'],
        ]) {
          await house.operate({ do: 'tell', email: OWNER.email, topic, detail });
        }
        await opened('/notifications', 'notifications');
        for (const [id, name, host] of [
          ['family', 'Our family', 'id.example.org/application/o/memoria/'],
          ['club', 'Rowing club', 'login.the-rowing-club-of-lake-geneva.example.org'],
        ]) {
          await send(page, '/admin/oidc', {
            id,
            name,
            issuer: `https://${host}`,
            client_id: 'memoria',
          });
        }
        await send(page, '/admin/oidc/club', { enabled: false }, 'PATCH');
        await opened('/admin', 'admin');
        await opened('/admin/sign-in', 'admin-sign-in');
        await page.getByRole('button', { name: words.provider }).click();
        await page.getByText(words.more).click();
        await shot('provider');
        await house.advance(6 * 60);
        await page.goto(`${house.origin}/account/security`);
        await page.getByRole('button', { name: words.totp }).click();
        await expect(page.getByRole('dialog').getByRole('textbox').first()).toBeVisible();
        await shot('confirm');
        await opened(`/invitation?token=${token}`, 'invitation-in');
        await page.context().clearCookies();
        await opened(`/invitation?token=${token}`, 'invitation');
        await opened('/invitation', 'invitation-code');
        await opened('/verify', 'verify');
        await opened('/verify?token=x', 'verify-bad');
        await opened('/reset', 'reset-bad');
        await opened('/reset?token=x', 'reset');
        await opened('/forgot', 'forgot');
        await page.getByLabel(words.email).fill(OWNER.email);
        await page.getByRole('button', { name: words.send }).click();
        await expect(page.getByText(OWNER.email)).toBeVisible();
        await shot('forgot-sent');
        await opened('/login?step=code', 'code');
        await opened('/login?problem=identity_link_needed', 'login');
        await opened('/register', 'register');
        await opened('/trust', 'trust-off');
      } finally {
        await house.stop();
        await mailbox.stop();
      }
    });

    test(`pictures of trust (${language})`, async ({ page }) => {
      const house = await startAppliance({ settings: ['server.tls=local'], listen: '0.0.0.0' });
      try {
        await page.goto(`${house.origin.replace('https', 'http')}/trust`);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.getByRole('img', { name: /QR/ })).toBeVisible();
        await picture(page, `${language}-trust`, true);
      } finally {
        await house.stop();
      }
    });
  });
}
