// Signing in at a real provider: making an account, coming back, linking, unlinking.
import { audit, enter, expect, fits, OWNER, test } from '../fixtures.ts';
import { startProvider, type ProviderServer } from '../provider.ts';
import { startAppliance, type Appliance } from '../server.ts';

let provider: ProviderServer;
let appliance: Appliance;

test.beforeAll(async () => {
  provider = await startProvider();
  appliance = await startAppliance({ environment: provider.environment });
  provider.serve(appliance.origin);
});

test.afterAll(async () => {
  await appliance.stop();
  await provider.stop();
});

test('somebody makes an account by signing in elsewhere, and comes back', async ({ page }) => {
  await enter(page, appliance);
  await page.context().clearCookies();
  await page.goto(`${appliance.origin}/login?next=/account`);
  await expect(page.getByRole('link', { name: 'Continue with Family ID' })).toBeVisible();
  await audit(page, 'sign-in with a provider');
  await fits(page);
  await page.getByRole('link', { name: 'Continue with Family ID' }).click();
  await provider.signIn(page, 'rosa');
  await expect(page).toHaveURL(`${appliance.origin}/account`);
  await expect(page.getByText('rosa@example.org').first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Sign in from elsewhere' })).toBeVisible();
  await audit(page, 'account with a linked identity');
  await page.getByRole('button', { name: 'Unlink Family ID' }).click();
  await expect(page.getByText('Set a password first.')).toBeVisible();
  // Leaving here leads to leaving there.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${provider.issuer}/**`);
  await page.goto(`${appliance.origin}/login`);
  await page.getByRole('link', { name: 'Continue with Family ID' }).click();
  await expect(page).toHaveURL(`${appliance.origin}/`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('rosa');
});

test('who was invited and signs in elsewhere comes back to the invitation', async ({
  page,
  browser,
}) => {
  await enter(page, appliance);
  const token = await page.evaluate(async () => {
    const ask = async (path: string, body: object): Promise<Record<string, string>> => {
      const headers = { 'Content-Type': 'application/json' };
      const sent = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await (await fetch(`/api/v1${path}`, sent)).json()) as Record<string, string>;
    };
    const { id } = await ask('/spaces', { name: 'Choir' });
    return (await ask(`/spaces/${id}/invitations`, { role: 'visitor' }))['token'] ?? '';
  });
  const context = await browser.newContext({ locale: 'en-GB' });
  const guest = await context.newPage();
  await guest.goto(`${appliance.origin}/invitation?token=${token}`);
  await guest.getByRole('link', { name: 'I have an account' }).click();
  await guest.getByRole('link', { name: 'Continue with Family ID' }).click();
  await provider.signIn(guest, 'clara');
  await guest.getByRole('button', { name: 'Join Choir' }).click();
  await expect(guest.getByRole('heading', { level: 1, name: 'Choir' })).toBeVisible();
  const kept = await guest.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  expect(kept).not.toContain(token);
  await context.close();
});

test('who has no password confirms who they are where they signed in', async ({ page }) => {
  await page.goto(`${appliance.origin}/login?next=/account`);
  await page.getByRole('link', { name: 'Continue with Family ID' }).click();
  await provider.signIn(page, 'anton');
  await expect(page).toHaveURL(`${appliance.origin}/account`);
  // The server asks by the clock; to advance its clock alone would part it from the provider's.
  const asks = { status: 403, json: { code: 'reauth_required', status: 403, title: '' } };
  await page.route('**/auth/me/identities/*', (route) => route.fulfill(asks), { times: 1 });
  await page.getByRole('button', { name: 'Unlink Family ID' }).click();
  const dialog = page.getByRole('dialog', { name: 'Confirm it is you' });
  await dialog.getByRole('button', { name: 'Show it at Family ID' }).click();
  await provider.signIn(page, 'anton');
  await expect(page).toHaveURL(`${appliance.origin}/account`);
  await page.getByRole('button', { name: 'Unlink Family ID' }).click();
  await expect(page.getByText('Set a password first.')).toBeVisible();
  // Somebody else there does not do, and is told so on the page that asked.
  await page.goto(`${appliance.origin}/account/security`);
  await page.route('**/auth/totp', (route) => route.fulfill(asks), { times: 1 });
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
  await expect(dialog.getByRole('button', { name: 'Show it at Family ID' })).toBeVisible();
  await expect(dialog.getByLabel('Password')).toBeHidden();
  await dialog.getByRole('button', { name: 'Show it at Family ID' }).click();
  await provider.signIn(page, 'olga');
  await expect(page).toHaveURL(`${appliance.origin}/account/security?problem=identity_another`);
  await expect(page.getByText('You are somebody else there.')).toBeVisible();
});

test('somebody who has an account links it, uses the link and unlinks it', async ({ page }) => {
  await enter(page, appliance);
  await page.goto(`${appliance.origin}/account`);
  await expect(page.getByText('Nothing is linked with your account yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Link Family ID' }).click();
  await provider.signIn(page, 'marta');
  await expect(page).toHaveURL(`${appliance.origin}/account`);
  await expect(page.getByText(/^Linked on/)).toBeVisible();
  await page.context().clearCookies({ name: '__Host-cm_sid' });
  await page.goto(`${appliance.origin}/login`);
  await page.getByRole('link', { name: 'Continue with Family ID' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);
  await page.goto(`${appliance.origin}/account`);
  await page.getByRole('button', { name: 'Unlink Family ID' }).click();
  await expect(page.getByText('Nothing is linked with your account yet.')).toBeVisible();
  await page.context().clearCookies({ name: '__Host-cm_sid' });
  await page.goto(`${appliance.origin}/login`);
  await page.getByRole('link', { name: 'Continue with Family ID' }).click();
  await expect(page.getByText('There is already an account with this e-mail.')).toBeVisible();
  await expect(page.getByLabel('E-mail')).toBeVisible();
});

test('a provider that is away leaves the password way open', async ({ page }) => {
  await provider.stop();
  await appliance.kill();
  await appliance.restart();
  await page.goto(`${appliance.origin}/login`);
  await page.getByRole('link', { name: 'Continue with Family ID' }).click();
  await expect(page.getByText('The other service cannot be reached')).toBeVisible();
  await enter(page, appliance);
});
