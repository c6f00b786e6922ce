// With a mail server: an address is proven, and a lost password replaced, by the links in mails.
import type { Page } from '@playwright/test';
import { audit, enter, expect, fits, test } from '../fixtures.ts';
import { startMailbox, type Mailbox } from '../mailbox.ts';
import { startAppliance, type Appliance } from '../server.ts';

const GUEST = {
  name: 'Anton Weiss',
  email: 'anton@example.org',
  password: 'the boats sleep in october',
};
const OTHER = 'a lantern for the last ferry';

let mailbox: Mailbox;
let house: Appliance;

test.beforeAll(async () => {
  mailbox = await startMailbox();
  house = await startAppliance({
    environment: {
      ...mailbox.environment,
      CLONEMEMORIA_REGISTRATION: 'open',
      // Without it, mails carry codes and no links.
      CLONEMEMORIA_SERVER_PUBLIC_URL: 'http://memoria.example',
    },
  });
  house.welcome = house.welcome.replace('http://memoria.example', house.origin);
});

test.afterAll(async () => {
  await house.stop();
  await mailbox.stop();
});

/** Where the link of a mail leads, as a path of the house. */
async function follow(page: Page, path: string): Promise<void> {
  const link = new URL(await mailbox.linkTo(GUEST.email, path));
  await page.goto(`${house.origin}${link.pathname}${link.search}`);
  // The token is out of the address before anybody can look over a shoulder.
  await expect(page).toHaveURL(`${house.origin}/${path}`);
}

async function signIn(page: Page, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(GUEST.email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

test('somebody makes an account and proves the address', async ({ page }) => {
  await enter(page, house);
  await page.context().clearCookies();
  await page.goto(`${house.origin}/register`);
  await page.getByLabel('Your name').fill(GUEST.name);
  await page.getByLabel('E-mail').fill(GUEST.email);
  await page.getByLabel('Password', { exact: true }).fill(GUEST.password);
  await page.getByLabel(/^I agree that this server/).check();
  await page.getByRole('button', { name: 'Create an account' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(GUEST.name);
  await page.goto(`${house.origin}/account`);
  await expect(page.getByText(/^Not confirmed yet\./)).toBeVisible();
  await follow(page, 'verify');
  await expect(page.getByText(`${GUEST.email} is confirmed.`)).toBeVisible();
  await audit(page, 'a confirmed address');
  await page.goto(`${house.origin}/account`);
  await expect(page.getByText('Confirmed', { exact: true })).toBeVisible();
});

test('the code of a mail does what its link does, and once only', async ({ page }) => {
  await page.goto(`${house.origin}/verify`);
  const link = await mailbox.linkTo(GUEST.email, 'verify');
  await page.getByLabel('Code or link from the mail').fill(`  ${link} `);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText(/link/).first()).toBeVisible();
  await expect(page.getByLabel('Code or link from the mail')).toHaveValue(`  ${link} `);
});

test('somebody who lost the password sets another', async ({ page }) => {
  await page.goto(`${house.origin}/login`);
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  // The page before has a field of that name, too.
  await expect(page.getByRole('heading', { name: 'Forgotten your password?' })).toBeVisible();
  await page.getByLabel('E-mail').fill(GUEST.email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText(/a mail is on its way/)).toBeVisible();
  await audit(page, 'a mail is on its way');
  await follow(page, 'reset');
  await audit(page, 'a new password');
  await fits(page);
  await page.getByLabel('New password').fill(OTHER);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByText('The password is set. Sign in with it.')).toBeVisible();
  await signIn(page, GUEST.password);
  await expect(page.getByText('The e-mail or the password is not right.')).toBeVisible();
  // A wrong password makes the next try wait.
  await house.advance(60);
  await signIn(page, OTHER);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(GUEST.name);
  // The link is spent.
  await page.context().clearCookies();
  await follow(page, 'reset');
  await page.getByLabel('New password').fill(GUEST.password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('link', { name: 'Ask for another link' })).toBeVisible();
  // Another one, by its code: a server without a public address sends no link.
  await house.advance(3_600);
  const spent = await mailbox.linkTo(GUEST.email, 'reset');
  await page.getByRole('link', { name: 'Ask for another link' }).click();
  await page.getByLabel('E-mail').fill(GUEST.email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByRole('link', { name: 'Enter the code here' }).click();
  await audit(page, 'the code for a new password');
  await fits(page);
  await expect.poll(() => mailbox.linkTo(GUEST.email, 'reset')).not.toBe(spent);
  const link = new URL(await mailbox.linkTo(GUEST.email, 'reset'));
  const code = link.searchParams.get('token') ?? '';
  await page.getByLabel('Code or link from the mail').fill(code);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByLabel('New password').fill('x'.repeat(129));
  await expect(page.getByText('129 characters; at most 128 are taken.')).toBeVisible();
  await page.getByLabel('New password').fill(GUEST.password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByText('The password is set. Sign in with it.')).toBeVisible();
});
