// What somebody leaves: naming somebody, the key on paper, the claim, one tap that stops it, and
// what becomes of it when nobody does.
import type { Page } from '@playwright/test';
import { audit, expect, fits, GUEST, ownHouse, test } from '../fixtures.ts';

const PHONE = { width: 390, height: 844 };
const SHOTS = process.env['SHOTS'];
const TWO_DAYS = 2 * 24 * 60 * 60;

const house = ownHouse({ CLONEMEMORIA_REGISTRATION: 'open' });

/** A look at a page on a phone and on a desk, in the light and in the dark. */
async function look(page: Page, name: string): Promise<void> {
  await audit(page, name);
  await fits(page, name);
  const desk = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const size of SHOTS ? [desk, PHONE] : []) {
    await page.setViewportSize(size);
    await fits(page, `${name} at ${size.width}`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const path = `${SHOTS}/${name.replaceAll(' ', '-')}-${size.width}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(desk);
}

async function send(page: Page, path: string, body: object): Promise<void> {
  await page.evaluate(
    async ([path, body]) => {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch(`/api/v1${path}`, {
        method: 'POST',
        headers,
        body,
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    },
    [path, JSON.stringify(body)] as const,
  );
}

async function claim(guest: Page, key: string): Promise<void> {
  await guest.goto(`${house.origin}/legacy`);
  await guest.getByLabel('The key').fill(key);
  await guest.getByRole('button', { name: 'See what it is for' }).click();
  await expect(guest.getByText('The album is in the drawer.')).toBeVisible();
  await guest.getByLabel('What they were to you').fill('my mother');
  await guest.getByLabel('I have read this').check();
}

test('a key on paper, one tap that stops it, and what is handed over when nobody does', async ({
  page,
  browser,
}) => {
  await send(page, '/clones', { name: 'Rosa', subject: 'fictional' });
  await page.goto(`${house.origin}/account`);
  await page.getByRole('link', { name: 'After my death…' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('After my death');
  await page.getByLabel('What they are called').fill(GUEST.name);
  await page.getByLabel('Their e-mail address').fill(GUEST.email);
  await page.getByLabel('How many days').fill('30');
  await page.getByLabel('A few words for them').fill('The album is in the drawer.');
  await look(page, 'after my death');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const sheet = page.getByRole('dialog', { name: `The key for ${GUEST.name}` });
  const key = await sheet.getByTestId('legacy-key').innerText();
  expect(key).toMatch(/^(?:[0-9A-Z]{4}-){7}[0-9A-Z]{4}$/);
  await look(page, 'the key sheet');
  await sheet.getByRole('button', { name: 'I have printed it' }).click();
  await expect(page.getByText(`You named ${GUEST.name}`)).toBeVisible();

  const context = await browser.newContext({ locale: 'en-GB' });
  const guest = await context.newPage();
  await guest.goto(`${house.origin}/login`);
  const { name: display_name, email, password } = GUEST;
  await send(guest, '/auth/register', { display_name, email, password });
  await send(guest, '/auth/login', { email, password });
  await claim(guest, key);
  await look(guest, 'saying that somebody has died');
  await guest.getByRole('button', { name: 'Say that they have died' }).click();
  await expect(guest.getByTestId('claim-state').first()).toContainText('The wait goes on');

  // Opening the page stops nothing; one tap does.
  await page.goto(`${house.origin}/`);
  await expect(page.getByText(`${GUEST.name} says that you have died`)).toBeVisible();
  await look(page, 'the banner');
  await page.goto(`${house.origin}/admin/legacy`);
  await expect(page.getByText(`${GUEST.name} says that Marta Keller has died`)).toBeVisible();
  await look(page, 'legacies of the server');
  await page.getByRole('button', { name: 'I am here' }).click();
  await expect(page.getByText('It was stopped').first()).toBeVisible();
  await guest.reload();
  await expect(guest.getByTestId('claim-state').first()).toContainText('It was stopped');

  await claim(guest, key);
  await guest.getByRole('button', { name: 'Say that they have died' }).click();
  await expect(guest.getByTestId('claim-state').first()).toContainText('The wait goes on');
  for (let sweep = 0; sweep < 16; sweep += 1) {
    await house.advance(TWO_DAYS);
    await house.operate({ do: 'sweep_legacies' });
  }
  await guest.goto(`${house.origin}/login`);
  await send(guest, '/auth/login', { email, password });
  await expect(async () => {
    await guest.goto(`${house.origin}/legacy`);
    await expect(guest.getByTestId('claim-state').first()).toContainText('was carried out', {
      timeout: 2_000,
    });
  }).toPass();
  await look(guest, 'what was carried out');
  await guest.getByRole('link', { name: 'Open what is yours now' }).click();
  await expect(guest.getByRole('heading', { level: 1, name: 'Marta Keller' })).toBeVisible();
  await guest.goto(`${house.origin}/`);
  await expect(guest.getByText('Rosa').first()).toBeVisible();
  await context.close();
});
