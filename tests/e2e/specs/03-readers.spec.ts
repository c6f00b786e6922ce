// The same app by keyboard alone, on a phone, and in French.
import { enter, expect, fits, seed, test } from '../fixtures.ts';
import type { Page } from '@playwright/test';

/** Presses Tab until the focus is on what is wanted; a reader would give up at some point too. */
async function tabTo(page: Page, name: RegExp, most = 60): Promise<void> {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement | null;
      const label = element?.labels?.[0]?.textContent ?? '';
      return `${element?.getAttribute('aria-label') ?? ''} ${element?.innerText ?? ''} ${label}`;
    });
    if (name.test(focused)) return;
  }
  throw new Error(`no ${String(name)} within ${most} tabs`);
}

test('everything works with the keyboard alone', async ({ page, appliance }) => {
  await enter(page, appliance);
  const id = await seed(page, 'Gerda');
  await page.goto(`${appliance.origin}/`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await tabTo(page, /Gerda/);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`${appliance.origin}/clones/${id}`);
  await tabTo(page, /Your question to Gerda/);
  await page.keyboard.type('What about the bakery');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('of your father?');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article').last()).toContainText('bakery');
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
  await page.getByRole('region', { name: 'Messages' }).focus();
  await tabTo(page, /Open source 1/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toContainText('bakery');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Open source 1' }).first()).toBeFocused();
});

test('a phone shows everything without scrolling sideways', async ({ page, appliance }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${appliance.origin}/login`);
  await fits(page);
  await enter(page, appliance);
  const id = await seed(page, 'Helga Anna Katharina von der Weidenmühle');
  const pages = ['', 'memories', 'timeline', 'people', 'settings'].map((p) => `clones/${id}/${p}`);
  for (const path of ['', 'clones/new', ...pages, 'trash', 'notifications', 'account']) {
    await page.goto(`${appliance.origin}/${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
    await fits(page, path);
  }
  await page.goto(`${appliance.origin}/clones/${id}`);
  await page.getByRole('textbox').fill('Tell me about the dance');
  await page.keyboard.press('Enter');
  const answer = page.getByRole('article').last();
  await expect(answer).toContainText('Lyon');
  await fits(page);
  await expect(page.getByTestId('ai-label')).toBeInViewport();
  await answer.getByRole('button', { name: 'Open source 1' }).first().click();
  await expect(page.getByRole('dialog')).toContainText('July 1962');
  await fits(page);
});

test.describe('in French', () => {
  test.use({ locale: 'fr-FR' });

  test('the browser chooses the language until an account does', async ({ page, appliance }) => {
    await page.goto(`${appliance.origin}/login`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Se connecter');
    await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
    await enter(page, appliance);
    await page.goto(`${appliance.origin}/account`);
    await page.getByLabel(/^(Language|Langue)$/).selectOption('fr');
    await page.getByRole('button', { name: /^(Save|Enregistrer)$/ }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Compte');
    const id = await seed(page, 'Ida');
    await page.goto(`${appliance.origin}/clones/${id}/timeline`);
    await expect(page.getByText('vers 1941')).toBeVisible();
    await expect(page.getByText('entre 1958 et 1994')).toBeVisible();
    await expect(page.getByText('juillet 1962')).toBeVisible();
    await page.goto(`${appliance.origin}/clones/${id}/memories`);
    await expect(page.getByRole('heading', { name: '4 souvenirs' })).toBeVisible();
    await page.goto(`${appliance.origin}/account`);
    await page.getByLabel('Langue').selectOption('en');
    await page.getByRole('button', { name: 'Enregistrer' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Account');
  });
});
