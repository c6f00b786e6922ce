// What happens around an answer when the house has a bad day: power cuts, no server, other tabs.
import { audit, enter, environmentFor, expect, seed, test } from '../fixtures.ts';
import { startAppliance, type Appliance } from '../server.ts';

let house: Appliance;

test.beforeEach(async ({ page, model }) => {
  model.fault = 'none';
  house = await startAppliance({ environment: environmentFor(model) });
  await enter(page, house);
});

test.afterEach(async () => {
  await house.stop();
});

test('an answer that a power cut broke off is kept, said to be broken, and asked again', async ({
  page,
  model,
}) => {
  model.fault = 'slow';
  const id = await seed(page, 'Olga');
  await page.goto(`${house.origin}/clones/${id}`);
  await page.getByRole('textbox').fill('Tell me about the dance');
  await page.keyboard.press('Enter');
  const answer = page.getByRole('article').last();
  await expect(answer).toContainText('We met');
  await house.kill();
  model.fault = 'none';
  await house.restart();
  await expect(answer.getByRole('alert')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('Tell me about the dance').last()).toBeVisible();
  await answer.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('article').last()).toContainText('all night.');
  await expect(page.getByRole('alert')).toBeHidden();
  await page.reload();
  await expect(page.getByRole('article').last()).toContainText('all night.');
  await expect(page.getByText('2/2')).toBeVisible();
});

test('without a server every page says so and goes on when it is back', async ({ page }) => {
  const id = await seed(page, 'Paula');
  await page.goto(`${house.origin}/clones/${id}`);
  await expect(page.getByRole('link', { name: 'People' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  await house.kill();
  await page.getByRole('link', { name: 'People' }).click();
  await expect(page.getByText('The server cannot be reached.')).toBeVisible();
  await house.restart();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('People around Paula');
});

test('a question that finds no server is not lost', async ({ page, model }) => {
  const id = await seed(page, 'Rita');
  await page.goto(`${house.origin}/clones/${id}`);
  await page.getByRole('textbox').fill('Where did you meet Paul at the dance?');
  await page.waitForLoadState('networkidle');
  await house.kill();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Where did you meet Paul at the dance?')).toBeVisible();
  await house.restart();
  await expect(page.getByRole('article').last()).toContainText('all night.', { timeout: 20_000 });
  expect(model.requests.at(-1)?.messages.at(-1)?.content).toContain('Where did you meet Paul');
  await page.reload();
  await expect(page.getByText('Where did you meet Paul at the dance?').last()).toBeVisible();
  await expect(page.getByRole('article')).toHaveCount(1);
});

test('a question that is refused makes room for another, and its words stay', async ({ page }) => {
  const id = await seed(page, 'Sara');
  await page.goto(`${house.origin}/clones/${id}`);
  const refusal = { title: 'Too many', status: 429, code: 'too_many_streams', detail: '' };
  await page.route('**/chat', (route) => route.fulfill({ status: 429, json: refusal }), {
    times: 1,
  });
  const box = page.getByRole('textbox');
  await box.fill('How many apple trees stood in the garden?');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('Too many answers are being written');
  await expect(box).toHaveValue('How many apple trees stood in the garden?');
  await audit(page, 'a refused question');

  await box.fill('Where did you meet Paul at the dance?');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article')).toContainText('all night.');
  await expect(page.getByRole('alert')).toBeHidden();
  await expect(page.locator('[data-question]')).toHaveCount(1);
  await expect(box).toHaveValue('');
});
