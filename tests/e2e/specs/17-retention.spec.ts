// Conversations that end by themselves: chosen in the settings of a clone, told beside them.
import { audit, expect, fits, ownHouse, seed, test } from '../fixtures.ts';

const SHOTS = process.env['SHOTS'];

const house = ownHouse();

test('who looks after a clone says for how long conversations are kept', async ({ page }) => {
  const id = await seed(page, 'Rosa');
  await page.goto(`${house.origin}/clones/${id}/settings`);
  const section = page.locator('#retention');
  await section.getByLabel('They end by themselves').check();
  await section.getByLabel('Days without a word').fill('90');
  for (const colorScheme of SHOTS ? (['light', 'dark'] as const) : []) {
    await page.emulateMedia({ colorScheme });
    await section.screenshot({ path: `${SHOTS}/retention-${colorScheme}.png` });
  }
  await page.emulateMedia({ colorScheme: null });
  await audit(page, 'how long conversations are kept');
  await fits(page, 'how long conversations are kept');
  await section.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved').first()).toBeVisible();
  await page.goto(`${house.origin}/clones/${id}`);
  await expect(page.getByText('Kept for 90 days after the last word').first()).toBeVisible();
});
