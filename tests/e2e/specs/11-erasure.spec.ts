// Being forgotten: everything of an account is erased, and a receipt says so.
import { readFile } from 'node:fs/promises';
import { audit, expect, fits, OWNER, ownHouse, test } from '../fixtures.ts';

const house = ownHouse();

test('somebody erases their account and keeps the receipt', async ({ page }) => {
  await page.goto(`${house.origin}/account`);
  await page.getByRole('link', { name: 'Erase my account' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Erase everything' })).toBeVisible();
  await expect(page.getByText('What others wrote down stays theirs.')).toBeVisible();
  await audit(page, 'erasing the account');
  await fits(page, 'erasing the account');
  const address = page.getByLabel('Your e-mail address, to be sure');
  await address.fill('somebody.else@example.org');
  await page.getByRole('button', { name: 'Erase everything' }).click();
  await expect(page.getByText('This is not the e-mail address of the account.')).toBeVisible();

  await address.fill(OWNER.email);
  await page.getByRole('button', { name: 'Erase everything' }).click();
  await expect(page.getByRole('heading', { name: 'Receipt of an erasure' })).toBeVisible();
  await expect(page.getByText('It is gone.')).toBeVisible();
  await expect(page.getByText('destroyed: old backups tell nothing of it')).toBeVisible();
  await audit(page, 'the receipt');
  await fits(page, 'the receipt');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the receipt' }).click();
  const saved = JSON.parse(await readFile(await (await download).path(), 'utf8')) as object;
  expect(saved).toMatchObject({ scope: 'account', state: 'erased', key_destroyed: true });

  // The address leads back to it, for whoever has it; nobody is signed in any more.
  await page.reload();
  await expect(page.getByText('It is gone.')).toBeVisible();
  await page.goto(`${house.origin}/erased#nonsense`);
  await expect(page.getByText('There is no such receipt here.')).toBeVisible();
  await page.goto(`${house.origin}/account`);
  await expect(page).not.toHaveURL(/\/account$/);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});
