// Looking after the server: somebody is suspended and their open tab knows; a look into what is
// somebody else's is told to them.
import type { Browser, Page } from '@playwright/test';
import { audit, expect, fits, GUEST, OWNER, ownHouse, test } from '../fixtures.ts';

const REASON = 'Jonas asked why his last import is incomplete.';

const house = ownHouse();

/** Somebody else in a browser of their own, with a clone. */
async function guest(browser: Browser): Promise<Page> {
  await house.operate({
    do: 'create_account',
    email: GUEST.email,
    password: GUEST.password,
    display_name: GUEST.name,
    admin: false,
  });
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${house.origin}/login`);
  await page.getByLabel('E-mail').fill(GUEST.email);
  await page.getByLabel('Password', { exact: true }).fill(GUEST.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
  await page.evaluate(async () => {
    const body = JSON.stringify({ name: 'Grandma Rose' });
    const headers = { 'Content-Type': 'application/json' };
    await fetch('/api/v1/clones', { method: 'POST', headers, body });
  });
  return page;
}

test('a suspended person is signed out of their open tab', async ({ page, browser }) => {
  const jonas = await guest(browser);
  await expect(jonas.getByRole('link', { name: 'Server' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Server' }).click();
  await expect(page.getByRole('heading', { name: 'This server' })).toBeVisible();
  const health = page.getByRole('region', { name: 'How it is' });
  await expect(health.getByRole('listitem')).toContainText([
    /Storage\s+works/,
    /Mail\s+not set up/,
  ]);
  await audit(page, 'the people');
  await fits(page);
  await page.getByLabel('Look for a name or an address').fill('jonas');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByText(OWNER.email)).toHaveCount(0);
  await page.getByRole('button', { name: 'Suspend' }).click();
  const asks = page.getByRole('dialog', { name: `Suspend ${GUEST.name}?` });
  await asks.getByRole('button', { name: 'Suspend' }).click();
  await expect(page.getByText('Suspended', { exact: true })).toBeVisible();

  await jonas.getByRole('link', { name: 'Trash' }).click();
  await expect(jonas.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();

  await page.getByRole('link', { name: 'Activity' }).click();
  await expect(page.getByText('The account was suspended').last()).toBeVisible();
  await expect(page.getByText('The log is as it was written')).toBeVisible();
  await audit(page, 'the log');
  await fits(page);
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('button', { name: 'Let in again' }).click();
  await expect(page.getByRole('button', { name: 'Let in again' })).toHaveCount(0);
});

test('who is looked at is told who, why and what', async ({ page, browser }) => {
  const jonas = await guest(browser);
  await page.getByRole('link', { name: 'Server' }).click();
  await page.getByRole('button', { name: 'Look in' }).click();
  const asks = page.getByRole('dialog', { name: `Look into what is ${GUEST.name}’s?` });
  await audit(page, 'the question');
  await asks.getByLabel('Your reason').fill(REASON);
  await asks.getByRole('button', { name: 'Look in, and tell' }).click();
  await expect(page.getByText(REASON)).toBeVisible();
  await page.getByRole('button', { name: 'Show what can be read' }).click();
  await page.getByRole('link', { name: 'Memories of Grandma Rose' }).click();
  await expect(page.getByText('Grandma Rose').first()).toBeVisible();
  await page.goto(`${house.origin}/admin/break-glass`);
  await audit(page, 'the looks');
  await fits(page);
  await page.getByRole('button', { name: 'End now' }).click();
  await expect(page.getByRole('button', { name: 'End now' })).toHaveCount(0);

  await jonas.goto(`${house.origin}/notifications`);
  await expect(jonas.getByText('An administrator may read what is yours')).toBeVisible();
  await expect(jonas.getByText(`The reason given: ${REASON}`)).toBeVisible();
  await expect(jonas.getByText('They opened: Grandma Rose')).toBeVisible();
  await expect(jonas.getByText(`By ${OWNER.name}`).first()).toBeVisible();
  await jonas.goto(`${house.origin}/account/security`);
  await expect(jonas.getByText('the clone Grandma Rose')).toBeVisible();
  await expect(jonas.getByRole('heading', { name: 'Recent activity' })).toBeVisible();
  await expect(jonas.getByText('An administrator opened personal content').first()).toBeVisible();
  await audit(jonas, 'the security of an account');
  await fits(jonas);
});
