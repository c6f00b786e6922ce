// From the first-run link to a cited answer and its source: with the provider inside the binary,
// under a path of a bigger site, and with a language model.
import type { Page } from '@playwright/test';
import { audit, environmentFor, expect, fillWelcome, OWNER, test } from '../fixtures.ts';
import { startAppliance, type Appliance } from '../server.ts';

const TOLD: [string, string][] = [
  [
    'I met Paul at the dance in Lyon. 💃🏽 It rained all night, and we did not notice.',
    'summer 1962',
  ],
  ['My father had a bakery. Every morning at four the whole street smelled of bread.', '1941~'],
  ['The garden behind the house had four apple trees. I planted the last one myself.', ''],
];

/** Makes the first account and a clone, and tells three memories of it. */
async function moveIn(page: Page, appliance: Appliance): Promise<void> {
  await page.goto(appliance.welcome);
  await audit(page, 'welcome');
  await fillWelcome(page);
  await expect(page.getByRole('heading', { name: 'Who do you want to remember?' })).toBeVisible();
  await audit(page, 'new clone');
  await page.getByLabel('Name', { exact: true }).fill('Rosa Keller');
  await page.getByLabel(/^Who they are to you/).fill('my grandmother');
  await page.getByLabel(/^Born/).fill('about 1934');
  await expect(page.getByText('Understood as: about 1934')).toBeVisible();
  await page.getByRole('button', { name: 'Continue to the memories' }).click();
  await page.getByText('When, where, who').click();
  for (const [i, [content, when]] of TOLD.entries()) {
    await page.getByLabel('What do you remember of Rosa Keller?').fill(content);
    await page.getByLabel(/^When/).fill(when);
    await page.getByRole('button', { name: 'Keep this memory' }).click();
    await expect(page.getByRole('article')).toHaveCount(i + 1);
  }
  await expect(page.getByRole('article').filter({ hasText: 'dance' })).toContainText('summer 1962');
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole('link', { name: 'Talk', exact: true }).click();
  await expect(page.getByTestId('ai-label')).toHaveText('AI, built from memories of Rosa Keller');
  await page.getByLabel('Your question to Rosa Keller').fill(question);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(
    page.getByRole('article').last().getByRole('button', { name: 'Copy' }),
  ).toBeVisible();
  await expect(page).toHaveURL(/\?c=/);
}

async function openFirstSource(page: Page): Promise<void> {
  await page.getByRole('article').last().getByRole('button', { name: 'Open source 1' }).click();
  const source = page.getByRole('dialog');
  await expect(source.getByTestId('source-text')).toContainText('It rained all night');
  await expect(source).toContainText('summer 1962');
}

test('a newcomer gets a cited answer and opens its source', async ({ page, appliance }) => {
  await page.goto(`${appliance.origin}/`);
  await expect(page.getByText('This house has no owner yet.')).toBeVisible();
  await audit(page, 'landing');
  await page.goto(`${appliance.origin}/welcome?token=wrong-token`);
  await fillWelcome(page);
  await expect(page.getByText('This link is no longer good.')).toBeVisible();
  await expect(page.getByText('clonememoria admin link')).toBeVisible();

  await moveIn(page, appliance);
  await audit(page, 'memories');
  await ask(page, 'When did it rain all night?');
  const answer = page.getByRole('article').last();
  await expect(answer.getByText('In their own words')).toBeVisible();
  await expect(answer.getByRole('blockquote')).toContainText('It rained all night');
  await audit(page, 'conversation');
  await openFirstSource(page);
  // What is quoted stands behind an emoji, which JavaScript counts as four and the API as two.
  await expect(page.getByRole('dialog').locator('mark')).toHaveText([
    /It rained all night.*notice\.$/,
  ]);
  await audit(page, 'source panel');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();

  await page.goto(`${appliance.origin}/`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);
  await expect(page.getByText('Rosa Keller').first()).toBeVisible();
  await page.goto(appliance.welcome);
  await expect(page).toHaveURL(`${appliance.origin}/`);
});

test('the same under a path of a bigger site', async ({ page }) => {
  const appliance = await startAppliance({ settings: ['server.base_path=/memoria'] });
  try {
    expect(new URL(appliance.origin).pathname).toBe('/memoria');
    const outside: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(appliance.origin)) outside.push(request.url());
    });
    await moveIn(page, appliance);
    await ask(page, 'When did it rain all night?');
    await openFirstSource(page);
    await page.reload();
    await expect(page.getByRole('article').last().getByRole('blockquote')).toBeVisible();
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'Timeline' }).click();
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`^${appliance.origin}/clones/`));
    expect(outside).toEqual([]);
  } finally {
    await appliance.stop();
  }
});

test('the same with a language model', async ({ page, model }) => {
  const appliance = await startAppliance({ environment: environmentFor(model) });
  try {
    model.fault = 'none';
    await moveIn(page, appliance);
    await ask(page, 'Where did you meet Paul at the dance?');
    const answer = page.getByRole('article').last();
    await expect(answer.getByText(/Written by AI from/)).toBeVisible();
    await expect(answer.locator('strong').getByText('Lyon')).toBeVisible();
    await openFirstSource(page);
  } finally {
    await appliance.stop();
  }
});
