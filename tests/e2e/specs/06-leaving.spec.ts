// Being signed out while the app is busy: one goes to sign in or home, and no error is shown.
import type { Page } from '@playwright/test';
import { enter, expect, OWNER, seed, test } from '../fixtures.ts';

/** Notes every heading and notice that was shown, however shortly. */
async function remember(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen = new Set<string>();
    Object.assign(window, { seen });
    const look = () => {
      document
        .querySelectorAll('h1, [role=status]')
        .forEach((node) => seen.add(node.textContent?.trim() ?? ''));
    };
    new MutationObserver(look).observe(document, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  return () => page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen]);
}

/** Has the server take its time to say how one can sign in. */
const slowly = (page: Page) =>
  page.route('**/api/v1/setup', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    await route.continue();
  });

test('a sign-in that ended elsewhere leads to signing in, and on to where one went', async ({
  page,
  appliance,
}) => {
  await enter(page, appliance);
  await page.goto(`${appliance.origin}/`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);
  const seen = await remember(page);
  await slowly(page);
  await page.request.post(`${appliance.origin}/api/v1/auth/logout`, {
    headers: { Origin: appliance.origin },
  });
  await page.getByRole('link', { name: 'Account' }).click();
  await expect(page).toHaveURL(`${appliance.origin}/login?next=%2Faccount`);
  await expect(page.getByRole('heading', { name: 'Sign in', level: 1 })).toBeVisible();
  await expect(page.getByText(/^You were signed out/)).toHaveCount(1);
  expect(await seen()).not.toContain('Something went wrong');
  await page.unrouteAll({ behavior: 'wait' });
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(`${appliance.origin}/account`);
  // What was said of the end is over, before it would go by itself.
  await expect(page.getByText(/You were signed out|no longer signed in/)).toHaveCount(0, {
    timeout: 1_000,
  });
});

/** Signs the owner in where the page asks for it. */
async function back(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Sign in', level: 1 })).toBeVisible();
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

test('what one was writing when a sign-in ended stands there when one is back', async ({
  page,
  appliance,
}) => {
  await enter(page, appliance);
  const id = await seed(page, 'Ottilie');
  const end = () =>
    page.request.post(`${appliance.origin}/api/v1/auth/logout`, {
      headers: { Origin: appliance.origin },
    });
  await page.goto(`${appliance.origin}/clones/${id}`);
  const question = page.getByLabel('Your question to Ottilie');
  await question.fill('Who taught you to dance?');
  await end();
  await page.keyboard.press('Enter');
  await back(page);
  await expect(question).toHaveValue('Who taught you to dance?');
  await question.press('Enter');
  await expect(page.getByRole('article').last()).toBeVisible();

  await page.goto(`${appliance.origin}/clones/${id}/memories`);
  const story = page.getByLabel('What do you remember of Ottilie?');
  await story.fill('She hummed while she baked.');
  await end();
  await page.getByRole('button', { name: 'Keep this memory' }).click();
  await back(page);
  await expect(story).toHaveValue('She hummed while she baked.');
  await page.getByRole('button', { name: 'Keep this memory' }).click();
  await expect(page.getByRole('article').filter({ hasText: 'She hummed' })).toBeVisible();
});

test('who signs out while requests are under way gets home without a word', async ({
  page,
  appliance,
}) => {
  await enter(page, appliance);
  await page.goto(`${appliance.origin}/account`);
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  const seen = await remember(page);
  await slowly(page);
  const answered = page.waitForResponse('**/api/v1/auth/logout');
  await page.route('**/api/v1/notifications*', async (route) => {
    await answered;
    await route.continue();
  });
  await page.getByRole('link', { name: 'Notifications' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page).toHaveURL(`${appliance.origin}/`);
  await page.unrouteAll({ behavior: 'wait' });
  await expect(page).toHaveURL(`${appliance.origin}/`);
  const words = await seen();
  expect(words).not.toContain('Something went wrong');
  expect(words.join()).not.toContain('signed out');
});
