// With a language model: its words as they come, and what the reader sees when it fails.
import { enter, expect, seed, test } from '../fixtures.ts';

test.beforeEach(async ({ page, modelled, model }) => {
  model.fault = 'none';
  await enter(page, modelled);
});

test('a generated answer says that it is one and cites its memories', async ({
  page,
  modelled,
}) => {
  const id = await seed(page, 'Jutta');
  await page.goto(`${modelled.origin}/clones/${id}`);
  await page.getByLabel('Your question to Jutta').fill('Where did you meet Paul at the dance?');
  await page.keyboard.press('Enter');
  const answer = page.getByRole('article').last();
  await expect(answer.getByText(/Written by AI from/)).toBeVisible();
  await expect(answer.locator('strong').getByText('Lyon')).toBeVisible();
  await answer.getByRole('button', { name: 'Open source 1' }).first().click();
  await expect(page.getByRole('dialog').getByTestId('source-text')).not.toBeEmpty();
});

test('a slow answer can be stopped', async ({ page, modelled, model }) => {
  model.fault = 'slow';
  const id = await seed(page, 'Karla');
  await page.goto(`${modelled.origin}/clones/${id}`);
  await page.getByLabel('Your question to Karla').fill('Tell me about the dance');
  await page.keyboard.press('Enter');
  const answer = page.getByRole('article').last();
  await expect(answer).toContainText('We met');
  await page.getByRole('button', { name: 'Stop the answer' }).click();
  await expect(answer.getByText('You stopped this answer.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
});

test('an answer goes on after a reload', async ({ page, modelled, model }) => {
  model.fault = 'slow';
  const id = await seed(page, 'Lena');
  await page.goto(`${modelled.origin}/clones/${id}`);
  await page.getByLabel('Your question to Lena').fill('Tell me about the dance');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article').last()).toContainText('We met');
  await page.reload();
  await expect(page.getByRole('article').last()).toContainText('all night.', {
    timeout: 20_000,
  });
  await expect(page.getByRole('article')).toHaveCount(1);
  await expect(page.getByRole('article').last()).toContainText(/We met\s+at the dance/);
});

for (const fault of ['refuse', 'cut', 'garbage'] as const) {
  test(`a model that fails (${fault}) is said to have failed, and asking again works`, async ({
    page,
    modelled,
    model,
  }) => {
    model.fault = fault;
    const id = await seed(page, `Mina ${fault}`);
    await page.goto(`${modelled.origin}/clones/${id}`);
    await page.getByRole('textbox').fill('Tell me about the dance');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toBeVisible({ timeout: 45_000 });
    model.fault = 'none';
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('article').last()).toContainText('all night.');
    await expect(page.getByRole('alert')).toBeHidden();
  });
}

test('a model that hangs can be stopped', async ({ page, modelled, model }) => {
  model.fault = 'hang';
  const id = await seed(page, 'Nora');
  await page.goto(`${modelled.origin}/clones/${id}`);
  await page.getByRole('textbox').fill('Tell me about the dance');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Stop the answer' }).click();
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
});
