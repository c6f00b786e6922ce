// Getting in with more than a password: passkeys of a virtual authenticator, and codes of an app.
// By name, because browsers have no passkeys for a bare address.
import { createHmac } from 'node:crypto';
import type { Page } from '@playwright/test';
import { audit, enter, expect, fits, OWNER, test } from '../fixtures.ts';
import { startAppliance, type Appliance } from '../server.ts';

const STEP = 30;

/** A server of the test's own, asked for by its name; factors outlive a test. */
async function named(): Promise<Appliance> {
  const appliance = await startAppliance();
  const byName = (url: string) => url.replace('127.0.0.1', 'localhost');
  return {
    ...appliance,
    origin: byName(appliance.origin),
    welcome: byName(appliance.welcome),
  };
}

/** A phone or laptop that recognises its owner. */
async function withAuthenticator(page: Page): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  await browser.send('WebAuthn.enable');
  await browser.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/** What an authenticator app shows (RFC 6238). */
function codeOf(secret: string, seconds: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / STEP)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

async function signOut(page: Page, appliance: Appliance): Promise<void> {
  await page.goto(`${appliance.origin}/account`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.goto(`${appliance.origin}/login`);
}

async function typePassword(page: Page): Promise<void> {
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

let appliance: Appliance;

test.beforeEach(async ({ page }) => {
  appliance = await named();
  await enter(page, appliance);
});

test.afterEach(async () => {
  await appliance.stop();
});

test('a passkey is made, named, signs in, confirms and is removed', async ({ page }) => {
  await withAuthenticator(page);
  await page.goto(`${appliance.origin}/account`);
  await page.getByRole('link', { name: 'Security settings' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Security' })).toBeVisible();
  await audit(page, 'security');
  await fits(page);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByLabel('What to call it').fill('My laptop');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByText('Passkey added')).toBeVisible();
  await expect(page.getByText('My laptop')).toBeVisible();

  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByLabel('What to call it').fill('Grandma’s laptop');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Grandma’s laptop')).toBeVisible();

  await signOut(page, appliance);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);

  // Minutes later it is asked again who one is; the passkey answers, and the call goes on.
  await appliance.advance(6 * 60);
  await page.goto(`${appliance.origin}/account/security`);
  await page.getByRole('button', { name: 'Remove Grandma’s laptop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove the passkey' }).click();
  const confirm = page.getByRole('dialog', { name: 'Confirm it is you' });
  await expect(confirm).toBeVisible();
  await audit(page, 'confirm it is you');
  await confirm.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page.getByText('Passkey removed')).toBeVisible();

  await signOut(page, appliance);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('alert')).toContainText('This passkey does not open an account');
});

test('an authenticator app is set up, asked for and turned off', async ({ page }) => {
  let ahead = 0;
  const now = () => Math.floor(Date.now() / 1_000) + ahead;
  const next = async () => {
    ahead += STEP;
    await appliance.advance(STEP);
  };
  await appliance.advance(6 * 60);
  ahead += 6 * 60;
  await page.goto(`${appliance.origin}/account/security`);
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
  const confirm = page.getByRole('dialog', { name: 'Confirm it is you' });
  await confirm.getByLabel('Password').fill('not the right one at all');
  await confirm.getByRole('button', { name: 'Confirm' }).click();
  await expect(confirm.getByRole('alert')).toBeVisible();
  await appliance.advance(2);
  ahead += 2;
  await confirm.getByLabel('Password').fill(OWNER.password);
  await confirm.getByRole('button', { name: 'Confirm' }).click();

  const dialog = page.getByRole('dialog', {
    name: 'Set up an authenticator app',
  });
  await expect(dialog.getByRole('img', { name: 'QR code with the key for the app' })).toBeVisible();
  await audit(page, 'the QR code');
  await dialog.getByText('The camera does not help?').click();
  const secret = (await dialog.locator('.secret').innerText()).replace(/\s/g, '');
  await dialog.getByLabel('Code from the app').fill('000000');
  await dialog.getByRole('button', { name: 'Turn it on' }).click();
  await expect(dialog.getByRole('alert')).toContainText('This code is wrong');
  await next();
  await dialog.getByLabel('Code from the app').fill(codeOf(secret, now()));
  await dialog.getByRole('button', { name: 'Turn it on' }).click();

  const codes = page.getByRole('dialog', { name: 'Your recovery codes' });
  await expect(codes.getByRole('listitem')).toHaveCount(10);
  await audit(page, 'recovery codes');
  const recovery = await codes.getByRole('listitem').first().innerText();
  const file = page.waitForEvent('download');
  await codes.getByRole('button', { name: 'Save as a file' }).click();
  expect((await file).suggestedFilename()).toBe('clonememoria-recovery-codes.txt');
  await codes.getByRole('button', { name: 'I have kept them' }).click();
  await expect(page.getByText('10 recovery codes are left.')).toBeVisible();

  await signOut(page, appliance);
  await typePassword(page);
  await page.getByLabel('Code from your app').fill('123 456');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('This code is wrong');
  await next();
  await page.getByLabel('Code from your app').fill(codeOf(secret, now()));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);

  await signOut(page, appliance);
  await typePassword(page);
  await page.getByLabel('Code from your app').fill(recovery.toLowerCase());
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);

  await page.goto(`${appliance.origin}/account/security`);
  await expect(page.getByText('9 recovery codes are left.')).toBeVisible();
  await page.getByRole('button', { name: 'Turn it off' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Turn it off' }).click();
  await expect(page.getByText('Authenticator app turned off')).toBeVisible();
  await signOut(page, appliance);
  await typePassword(page);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);
});

test('sign-ins elsewhere are seen and ended, and the password changed', async ({ page }) => {
  const body = JSON.stringify({ email: OWNER.email, password: OWNER.password });
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'kitchen-radio/1.0',
  };
  const elsewhere = await fetch(`${appliance.origin}/api/v1/auth/login`, {
    method: 'POST',
    headers,
    body,
  });
  const { access_token: token } = (await elsewhere.json()) as {
    access_token: string;
  };
  const asked = async () => {
    const me = await fetch(`${appliance.origin}/api/v1/auth/me`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return me.status;
  };
  expect(await asked()).toBe(200);
  await page.goto(`${appliance.origin}/account/security`);
  await page.getByRole('button', { name: 'Sign out kitchen-radio' }).click();
  await expect(page.getByText('Signed out there')).toBeVisible();
  expect(await asked()).toBe(401);

  await page.getByLabel('Current password').fill('not the right one at all');
  await page.getByLabel('New password').fill('violet umbrella quartz 42');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByRole('alert')).toContainText('The current password is not right.');
  await appliance.advance(2);
  await page.getByLabel('Current password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('Password changed')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Security' })).toBeVisible();
});

test('at a bare address there are no passkeys, and the page says why', async ({ page }) => {
  const bare = appliance.origin.replace('localhost', '127.0.0.1');
  await page.goto(`${bare}/login`);
  await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeHidden();
  await typePassword(page);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);
  await page.goto(`${bare}/account/security`);
  await expect(page.getByText('Passkeys work only where')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add a passkey' })).toBeHidden();
});
