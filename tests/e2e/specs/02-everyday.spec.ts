// What is done after the first day: change, search, take away, bring back, sign out.
import { audit, enter, expect, OWNER, seed, test } from '../fixtures.ts';

test.beforeEach(async ({ page, appliance }) => {
  await enter(page, appliance);
});

test('memories are pasted, found, changed, thrown away and brought back', async ({
  page,
  appliance,
}) => {
  const id = await seed(page, 'Anna');
  await page.goto(`${appliance.origin}/clones/${id}/memories`);
  await page.getByRole('button', { name: 'Many at once' }).click();
  await page
    .getByLabel('Paste several memories')
    .fill('She sang in the choir of Saint Anne.\n\nThe cat was called Mitzi.\n\nRemove me.');
  await page.getByRole('button', { name: 'Look at 3 memories' }).click();
  await page.getByRole('button', { name: 'Take out memory 3' }).click();
  await page.getByRole('button', { name: 'Keep these 2 memories' }).click();
  await expect(page.getByText('2 memories kept')).toBeVisible();
  await expect(page.getByRole('heading', { name: '6 memories' })).toBeVisible();

  // An unfinished word, and no key or button pressed: it is found while one types.
  await page.getByLabel('Search the memories').fill('choi');
  const found = page.getByRole('article').first();
  await expect(found).toContainText('choir');
  await expect(page.getByRole('article')).toHaveCount(1);
  await page.getByLabel('Search the memories').fill('where did she sing?');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(found).toContainText('choir');

  await found.getByRole('button', { name: 'Edit' }).click();
  await page
    .getByRole('dialog')
    .getByLabel(/^Place/)
    .fill('Annecy');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(found).toContainText('Annecy');

  await found.getByRole('button', { name: 'Earlier versions' }).click();
  await audit(page, 'earlier versions');
  await page.keyboard.press('Escape');

  await found.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('Memory moved to the trash')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('article').filter({ hasText: 'choir' })).toBeVisible();
});

test('who changes a memory that somebody else just changed sees theirs, and neither is lost', async ({
  page,
  appliance,
}) => {
  const id = await seed(page, 'Berta');
  await page.goto(`${appliance.origin}/clones/${id}/memories`);
  const story = page.getByRole('article').filter({ hasText: 'Lyon' }).first();
  await story.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog');
  const words = dialog.getByLabel('What do you remember of Berta?');
  await words.fill('We met in Lyon, says Ada.');
  const path = `${appliance.origin}/api/v1/clones/${id}/memories`;
  const all = await page.request.get(`${path}?limit=50`);
  const { items } = (await all.json()) as { items: { id: string; content: string }[] };
  const theirs = items.find((memory) => memory.content.includes('Lyon'))!;
  const changed = await page.request.patch(`${path}/${theirs.id}`, {
    data: { content: 'We met in Lyon, says Ben.' },
    headers: { Origin: appliance.origin },
  });
  expect(changed.ok()).toBe(true);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText('Somebody changed this memory')).toBeVisible();
  await expect(dialog.getByText('We met in Lyon, says Ben.')).toBeVisible();
  await expect(words).toHaveValue('We met in Lyon, says Ada.');
  await audit(page, 'changed meanwhile');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const now = page.getByRole('article').filter({ hasText: 'says Ada' });
  await expect(now).toBeVisible();
  await now.getByRole('button', { name: 'Earlier versions' }).click();
  await expect(page.getByRole('dialog').getByText('We met in Lyon, says Ben.')).toBeVisible();
});

test('conversations are renamed, pinned, rated, asked again and deleted', async ({
  page,
  appliance,
}) => {
  const id = await seed(page, 'Berta');
  await page.goto(`${appliance.origin}/clones/${id}`);
  await page.getByLabel('Your question to Berta').fill('What grew in the garden behind the house?');
  await page.keyboard.press('Enter');
  const answer = page.getByRole('article').last();
  await expect(answer).toContainText('apple trees');
  await answer.getByRole('button', { name: 'Answer again' }).click();
  await expect(answer.getByText('2/2')).toBeVisible();
  await answer.getByRole('button', { name: 'Previous answer' }).click();
  await expect(answer.getByText('1/2')).toBeVisible();

  await answer.getByRole('button', { name: 'A good answer', exact: true }).click();
  await page
    .getByRole('dialog')
    .getByLabel(/^A few words/)
    .fill('Just as she said it');
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await expect(answer.getByRole('button', { name: 'A good answer', exact: true })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await answer.getByRole('button', { name: 'A good answer', exact: true }).click();
  await expect(answer.getByRole('button', { name: 'A good answer', exact: true })).toHaveAttribute(
    'aria-pressed',
    'false',
  );

  const list = page.getByRole('navigation', { name: 'Conversations' });
  await list.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('dialog').getByLabel('Name of the conversation').fill('Apples');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(list.getByText('Apples')).toBeVisible();
  await list.getByRole('button', { name: 'Pin' }).click();
  await expect(list.getByText('Pinned')).toBeVisible();

  await page.reload();
  await expect(page.getByRole('article').last()).toContainText('apple trees');
  await list.getByRole('button', { name: 'Delete this conversation' }).click();
  await expect(list.getByText('Apples')).toBeHidden();
  await expect(page).toHaveURL(`${appliance.origin}/clones/${id}`);
});

test('an unknown thing is said to be unknown and can be told', async ({ page, appliance }) => {
  const id = await seed(page, 'Clara');
  await page.goto(`${appliance.origin}/clones/${id}`);
  await page.getByLabel('Your question to Clara').fill('Which submarine did you command?');
  await page.keyboard.press('Enter');
  const answer = page.getByRole('article').last();
  await expect(answer.getByText('No memory of that', { exact: true })).toBeVisible();
  await answer.getByRole('link', { name: 'Add a memory about this' }).click();
  await expect(page).toHaveURL(/\/memories/);
  await expect(page.getByText('Which submarine did you command?').first()).toBeVisible();
  await page.goBack();
  await answer.getByRole('link', { name: 'Look through the memories' }).click();
  await expect(page.getByLabel('Search the memories')).toHaveValue(
    'Which submarine did you command?',
  );
});

test('every page passes the accessibility audit', async ({ page, appliance }) => {
  const id = await seed(page, 'Dora');
  const pages = ['', 'memories', 'timeline', 'people', 'settings'].map((p) => `clones/${id}/${p}`);
  for (const path of ['', 'clones/new', ...pages, 'trash', 'account', 'nowhere']) {
    await page.goto(`${appliance.origin}/${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await audit(page, path || 'home');
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const path of ['', ...pages, 'account']) {
    await page.goto(`${appliance.origin}/${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await audit(page, `${path || 'home'} in the dark`);
  }
});

test('a clone is deleted by its name and comes back from the trash', async ({
  page,
  appliance,
}) => {
  const id = await seed(page, 'Edith');
  await page.goto(`${appliance.origin}/clones/${id}/settings`);
  await page.getByRole('button', { name: 'Delete Edith' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Delete', exact: true })).toBeDisabled();
  await dialog.getByLabel(/type the name/).fill('Edith');
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);
  await page.goto(`${appliance.origin}/trash`);
  const item = page.getByRole('listitem').filter({ hasText: 'Edith' });
  await item.getByRole('button', { name: 'Bring back' }).click();
  await expect(item).toBeHidden();
  await page.goto(`${appliance.origin}/clones/${id}/timeline`);
  await expect(page.getByText('between 1958 and 1994')).toBeVisible();
});

test('an ended session leads to sign in and back to where one was', async ({
  page,
  appliance,
  context,
}) => {
  const id = await seed(page, 'Frieda');
  await page.goto(`${appliance.origin}/clones/${id}/people`);
  await expect(page.getByText('her husband')).toBeVisible();
  await context.clearCookies();
  await page.getByRole('link', { name: 'Timeline' }).click();
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password').fill('not the right password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('not right');
  await audit(page, 'login');
  await page.getByLabel('Password').fill(OWNER.password);
  // After a wrong password the next has to wait a second.
  await expect(async () => {
    await page.getByRole('button', { name: 'Sign in', exact: true }).click({ timeout: 1000 });
    await expect(page).toHaveURL(new RegExp(`/clones/${id}/`), { timeout: 1500 });
  }).toPass();
  await page.goto(`${appliance.origin}/account`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
});
