// Backups: an owner reads whether what is lost could be given back, makes the recovery key and a
// backup, tries it out; and a new server brings it back from the link that it printed.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { audit, enter, expect, fits, OWNER, seed, test } from '../fixtures.ts';
import { startAppliance } from '../server.ts';

test('what is backed up comes back on a new server', async ({ page }) => {
  // Two servers, and everything is read twice.
  test.slow();
  const place = await mkdtemp(path.join(tmpdir(), 'clonememoria-backups-'));
  const environment = {
    CLONEMEMORIA_BACKUP_DIRECTORY: place,
    CLONEMEMORIA_BACKUP_EVERY_HOURS: '0',
  };
  const house = await startAppliance({ environment });
  await enter(page, house);
  await seed(page, 'Grandma Rose');

  await page.goto(`${house.origin}/admin/backups`);
  await expect(page.getByText('If this machine is lost, nothing can be given back.')).toBeVisible();
  await expect(page.getByText('No backup of this server lies there yet.')).toBeVisible();
  await audit(page, 'backups, none yet');
  await fits(page);

  await page.getByRole('button', { name: 'Make a recovery key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Recovery key' });
  const key = (await dialog.getByTestId('recovery-key').innerText()).replace(/\s/g, '');
  expect(key).toMatch(/^AGE-SECRET-KEY-1/);
  await audit(page, 'a new recovery key');
  await dialog.getByLabel('Type its last 8 characters').fill('QQQQQQQQ');
  await dialog.getByRole('button', { name: 'I kept it' }).click();
  await expect(dialog.getByText('That is not the end of the key.')).toBeVisible();
  await dialog.getByLabel('Type its last 8 characters').fill(key.slice(-8));
  await dialog.getByRole('button', { name: 'I kept it' }).click();
  await expect(page.getByText('The recovery key counts now.')).toBeVisible();
  await expect(page.getByText('Make one now.')).toBeVisible();

  // Names have no parts of seconds: one of the same second counts as made before the key.
  await house.advance(2);
  await page.getByRole('button', { name: 'Back up now' }).click();
  await expect(
    page.getByText('If this machine is lost, everything can be given back on another one.'),
  ).toBeVisible();
  await expect(page.getByText('Opens with the recovery key')).toBeVisible();
  await page.getByRole('button', { name: 'Try out the backup' }).click();
  await expect(page.getByText('1 account, 1 clone, 4 memories')).toBeVisible({
    timeout: 30_000,
  });
  await audit(page, 'backups');
  await fits(page);
  await page.goto('about:blank');
  await house.stop();

  const fresh = await startAppliance();
  await page.goto(fresh.welcome);
  await page.getByRole('button', { name: 'Bring back from a backup' }).click();
  await expect(page.getByRole('heading', { name: 'Bring back from a backup' })).toBeVisible();
  await audit(page, 'bring back');
  await fits(page);
  const files = await readdir(place);
  const file = (ending: string) =>
    path.join(
      place,
      files.find((name) => name.endsWith(ending))!,
    );
  await page.getByLabel('The backup (….cmb)').setInputFiles(file('.cmb'));
  await page.getByLabel('Recovery key').fill(key);
  await page.getByRole('button', { name: 'Look what is in it' }).click();
  await expect(page.getByText('The keys that belong to it are missing')).toBeVisible();
  await page.getByLabel('The keys that lay beside it').setInputFiles(file('.keyring'));
  await page.getByRole('button', { name: 'Look what is in it' }).click();
  await expect(page.getByText('It can be brought back.')).toBeVisible({
    timeout: 30_000,
  });
  await expect(page.getByText('1 account, 1 clone, 4 memories')).toBeVisible();
  await audit(page, 'what is in a backup');
  await page.getByRole('button', { name: 'Bring it back' }).click();
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible({
    timeout: 30_000,
  });
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByText('Grandma Rose').first()).toBeVisible();
  // Pages that may come next are fetched ahead, and nobody may be there to be asked.
  await page.goto('about:blank');
  await fresh.stop();
  await rm(place, { recursive: true, force: true });
});
