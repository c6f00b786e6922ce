// An admin adds a provider of sign-ins in the console, tests it, switches it off and removes it.
import { audit, expect, fits, ownHouse, test } from '../fixtures.ts';
import { CLIENT, startProvider, type ProviderServer } from '../provider.ts';

const house = ownHouse({ CLONEMEMORIA_OUTBOUND_ALLOW_PRIVATE: '127.0.0.1' });
let provider: ProviderServer;

test.beforeEach(async () => {
  provider = await startProvider();
});

test.afterEach(() => provider.stop());

test('people sign in with a provider that was added in the console', async ({ page, browser }) => {
  await page.goto(`${house.origin}/admin/sign-in`);
  await expect(page.getByText('No provider yet')).toBeVisible();
  await audit(page, 'no provider');
  await page.getByRole('button', { name: 'Add a provider' }).click();
  const form = page.getByRole('dialog', { name: 'Add a provider' });
  await form.getByLabel('Name', { exact: true }).fill('Family login');
  await expect(form.getByLabel('Short name')).toHaveValue('family-login');
  await form.getByLabel('Short name').fill('family');
  await form.getByLabel('Issuer').fill('http://id.example.org');
  await form.getByLabel('Client ID').first().fill(CLIENT.id);
  await form.getByLabel('Client secret').fill(CLIENT.secret);
  await form.getByRole('radio', { name: /Everybody there/ }).check();
  await form.getByText('More settings').click();
  await audit(page, 'the form of a provider');
  await fits(page);
  await form.getByRole('button', { name: 'Add a provider' }).click();
  await expect(form.getByText('It begins with https://')).toBeVisible();
  await form.getByLabel('Issuer').fill(provider.issuer);
  await form.getByRole('button', { name: 'Add a provider' }).click();
  await expect(form).toHaveCount(0);
  // The provider knows nothing of this server yet; it does not answer properly.
  await expect(page.getByText('Something answers there that is not a provider')).toBeVisible();
  const redirect = page.getByRole('group', {
    name: 'Redirect address for the provider',
  });
  await expect(redirect).toHaveText(`${house.origin}/api/v1/auth/oidc/family/callback`);
  provider.serve(house.origin, 'family');
  await page.getByRole('button', { name: 'Test Family login' }).click();
  await expect(page.getByText('It answers as it should.')).toBeVisible();
  await audit(page, 'a provider');
  await fits(page);

  const rosa = await (await browser.newContext()).newPage();
  await rosa.goto(`${house.origin}/login`);
  await rosa.getByRole('link', { name: 'Continue with Family login' }).click();
  await provider.signIn(rosa, 'rosa');
  await expect(rosa.getByRole('heading', { level: 1 })).toContainText('rosa');
  await page.reload();
  await expect(page.getByText('One person is linked with it')).toBeVisible();

  await page.getByRole('button', { name: 'Change Family login' }).click();
  const change = page.getByRole('dialog', { name: 'Change Family login' });
  await expect(change.getByText('A secret is set.')).toBeVisible();
  await change.getByLabel('Name', { exact: true }).fill('Family');
  await change.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: 'Family', exact: true })).toBeVisible();

  await page.getByRole('button', { name: 'Switch off' }).click();
  await expect(page.getByRole('button', { name: 'Switch on' })).toBeVisible();
  const jonas = await (await browser.newContext()).newPage();
  await jonas.goto(`${house.origin}/login`);
  await expect(jonas.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(jonas.getByRole('link', { name: /Continue with/ })).toHaveCount(0);

  await page.getByRole('button', { name: 'Remove' }).click();
  const asks = page.getByRole('dialog', { name: 'Remove Family?' });
  await expect(asks.getByText('One person is linked with it.')).toBeVisible();
  await asks.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No provider yet')).toBeVisible();
  await page.getByRole('link', { name: 'Activity' }).click();
  await expect(page.getByText('A sign-in provider was removed').last()).toBeVisible();
});
