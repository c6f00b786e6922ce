// A link for somebody without an account: made, given away, used, and taken back.
import type { Page } from '@playwright/test';
import { audit, expect, fits, ownHouse, seed, test } from '../fixtures.ts';

const PHONE = { width: 390, height: 844 };

const house = ownHouse();

/** Makes a link on the settings page of a clone; answers with its address. */
async function share(page: Page, clone: string, budget: number): Promise<string> {
  await page.goto(`${house.origin}/clones/${clone}/settings`);
  await page.getByRole('button', { name: 'Make a link' }).click();
  const asks = page.getByRole('dialog', { name: 'Make a link' });
  await asks.getByLabel('What it is for').fill('The reunion');
  await asks.getByLabel('Messages in all').fill(String(budget));
  await asks.getByLabel('How long it is good').selectOption('7');
  await audit(page, 'making a share link');
  await asks.getByRole('button', { name: 'Make the link' }).click();
  const made = page.getByRole('dialog', { name: 'The link is ready' });
  const link = await made.getByRole('group', { name: 'Share link' }).innerText();
  await expect(made.getByRole('img', { name: 'QR code of the share link' })).toBeVisible();
  await expect(made.getByText('This link opens on this computer only.')).toBeVisible();
  await audit(page, 'a share link that was made');
  await made.getByRole('button', { name: 'Done' }).click();
  return link;
}

async function ask(guest: Page, question: string): Promise<void> {
  await guest.getByRole('textbox').fill(question);
  await guest.getByRole('textbox').press('Enter');
}

test('a stranger talks by a link until it is revoked', async ({ page, browser }) => {
  const rosa = await seed(page, 'Rosa');
  const link = await share(page, rosa, 20);
  expect(link).toMatch(new RegExp(`^${house.origin}/share#cms_`));

  const context = await browser.newContext({ locale: 'en-GB', viewport: PHONE });
  const guest = await context.newPage();
  const asked: string[] = [];
  guest.on('request', (request) => asked.push(request.url()));
  await guest.goto(link);
  await expect(guest.getByRole('heading', { level: 1, name: 'Rosa' })).toBeVisible();
  await expect(guest.getByTestId('ai-label')).toBeVisible();
  await expect(guest.getByText('This is not Rosa.')).toBeVisible();
  await expect(guest.getByText('20 messages are left')).toBeVisible();
  expect(guest.url()).toBe(`${house.origin}/share`);
  await audit(guest, 'a visit');
  await fits(guest, 'a visit');

  await ask(guest, 'Where did you meet Paul?');
  const answer = guest.getByRole('article');
  await expect(answer).toContainText('the dance in Lyon');
  await expect(guest.getByText('19 messages are left')).toBeVisible();
  await answer.locator('[data-source="1"]').click();
  await expect(guest.getByTestId('source-text')).toContainText('dance in Lyon');
  await expect(guest.getByRole('link', { name: 'Open this memory' })).toHaveCount(0);
  await audit(guest, 'a source on a visit');
  await guest.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  expect(asked.filter((url) => url.includes('cms_'))).toEqual([]);

  // The same visitor again after a reload; somebody else with the link sees none of it.
  await guest.reload();
  await expect(guest.getByRole('article')).toContainText('the dance in Lyon');
  const another = await browser.newContext({ locale: 'fr-FR' });
  const other = await another.newPage();
  await other.goto(link);
  await expect(other.getByText('Ce n’est pas Rosa.')).toBeVisible();
  await expect(other.getByRole('article')).toHaveCount(0);
  await audit(other, 'a visit in French');
  await another.close();

  // A clone that is in the trash for a while takes nothing from who talked with it.
  const clone = new URL(page.url()).pathname.split('/')[2]!;
  const headers = { Origin: new URL(page.url()).origin };
  const api = `${headers.Origin}/api/v1`;
  expect((await page.request.delete(`${api}/clones/${clone}`, { headers })).ok()).toBe(true);
  await guest.reload();
  await expect(guest.getByText('This link opens nothing for now.')).toBeVisible();
  const restored = await page.request.post(`${api}/trash/${clone}/restore`, { headers });
  expect(restored.ok()).toBe(true);
  await guest.getByRole('button', { name: 'Try again' }).click();
  await expect(guest.getByRole('article')).toContainText('the dance in Lyon');

  await page.reload();
  await expect(page.getByText('1 of 20 messages')).toBeVisible();
  await audit(page, 'share links');
  await page.getByRole('button', { name: 'Revoke The reunion' }).click();
  const sure = page.getByRole('dialog', { name: 'Revoke The reunion' });
  await sure.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(page.getByText('The link was revoked')).toBeVisible();
  await expect(page.getByText('1 of 20 messages')).toHaveCount(0);

  await ask(guest, 'And then?');
  await expect(
    guest.getByRole('heading', { name: 'This link does not work any more' }),
  ).toBeVisible();
  await audit(guest, 'a visit that ended');
  await guest.reload();
  await expect(guest.getByRole('heading', { name: 'There is no link here' })).toBeVisible();
  const kept = await guest.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  expect(kept).not.toContain('cms_');
  await context.close();
});

test('a link says when its messages are spent and when it has ended', async ({ page, browser }) => {
  const rosa = await seed(page, 'Rosa');
  const link = await share(page, rosa, 1);
  const context = await browser.newContext({ locale: 'en-GB' });
  const guest = await context.newPage();
  await guest.goto(link);
  await expect(guest.getByText('One message is left')).toBeVisible();
  await ask(guest, 'Where did you meet Paul?');
  await expect(guest.getByRole('article')).toContainText('the dance in Lyon');
  await expect(guest.getByText('All the messages of this link were sent.')).toBeVisible();
  await expect(guest.getByRole('textbox')).toHaveCount(0);
  await audit(guest, 'a spent link');
  await page.reload();
  await expect(page.getByText('all messages sent')).toBeVisible();

  await house.advance(7 * 24 * 3_600 + 60);
  await guest.reload();
  await expect(guest.getByRole('heading', { name: 'This link has ended' })).toBeVisible();
  await guest.goto(`${house.origin}/share#cms_mistyped`);
  await expect(
    guest.getByRole('heading', { name: 'This link does not work any more' }),
  ).toBeVisible();
  await context.close();
});

test('a question that the link refuses makes room for another', async ({ page, browser }) => {
  const rosa = await seed(page, 'Rosa');
  const link = await share(page, rosa, 5);
  const context = await browser.newContext({ locale: 'en-GB', viewport: PHONE });
  const guest = await context.newPage();
  const refusal = { title: 'Too many', status: 429, code: 'too_many_streams', detail: '' };
  await guest.route('**/chat', (route) => route.fulfill({ status: 429, json: refusal }), {
    times: 1,
  });
  await guest.goto(link);
  await ask(guest, 'How many apple trees stood in the garden?');
  await expect(guest.getByRole('alert')).toContainText('Too many answers are being written');
  await expect(guest.getByRole('textbox')).toHaveValue('How many apple trees stood in the garden?');
  await ask(guest, 'Where did you meet Paul?');
  await expect(guest.getByRole('article')).toContainText('the dance in Lyon');
  await expect(guest.getByRole('alert')).toBeHidden();

  await guest.route(
    '**/messages',
    (route) =>
      route.fulfill({
        status: 429,
        headers: { 'Retry-After': '2950', RateLimit: '"share";r=0;t=2950' },
        json: { title: 'Too many', status: 429, code: 'rate_limited', detail: '' },
      }),
    { times: 1 },
  );
  await ask(guest, 'And then?');
  await expect(guest.getByRole('alert')).toContainText('takes within an hour are used up');
  await expect(guest.getByRole('alert')).toContainText('Try again in about 50 minutes.');
  await expect(guest.getByRole('textbox')).toHaveValue('And then?');
  await context.close();
});

test('a visitor is forgotten on demand', async ({ page, browser }) => {
  const rosa = await seed(page, 'Rosa');
  const link = await share(page, rosa, 5);
  const context = await browser.newContext({ locale: 'en-GB' });
  const guest = await context.newPage();
  await guest.goto(link);
  await ask(guest, 'Where did you meet Paul?');
  await expect(guest.getByRole('article')).toContainText('the dance in Lyon');
  await guest.getByRole('button', { name: 'About' }).click();
  await audit(guest, 'about a visit');
  await guest.getByRole('button', { name: 'Forget me here' }).click();
  await guest.getByRole('button', { name: 'Yes, forget me' }).click();
  await expect(guest.getByRole('heading', { name: 'You are forgotten' })).toBeVisible();
  await guest.goto(link);
  await expect(guest.getByText('4 messages are left')).toBeVisible();
  await expect(guest.getByRole('article')).toHaveCount(0);
  await context.close();
});
