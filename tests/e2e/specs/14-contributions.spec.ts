// What somebody who contributes writes waits until those who look after the clone let it in.
import { invite, look, make, signUp } from '../acts.ts';
import { expect, ownHouse, test } from '../fixtures.ts';

const house = ownHouse();

test('what a contributor writes waits, is let in, changed and declined', async ({
  page,
  browser,
}) => {
  const space = await make(page, '/spaces', { name: 'The Kellers' });
  const kept = { name: 'Rosa', subject: 'fictional', space_id: space, visibility: 'space' };
  const rosa = await make(page, '/clones', kept);
  await make(page, `/clones/${rosa}/memories`, { content: 'She sang in the kitchen.' });
  await page.goto(`${house.origin}/spaces/${space}`);
  const context = await browser.newContext({ locale: 'en-GB' });
  const guest = await context.newPage();
  await guest.goto(await invite(page, 'Contributor'));
  await guest.getByRole('link', { name: 'Create an account' }).click();
  await signUp(guest);
  await expect(guest.getByRole('heading', { level: 1 })).toBeVisible();
  const memories = `${house.origin}/clones/${rosa}/memories`;
  await guest.goto(memories);
  await guest.getByLabel('What do you remember of Rosa?').fill('She had a green bicycle.');
  await guest.getByRole('button', { name: 'Keep this memory' }).click();
  await expect(guest.getByText('It is used once a steward has let it in')).toBeVisible();
  await expect(guest.getByText('It waits for a steward')).toBeVisible();
  await look(guest, 'a memory that waits');

  await page.goto(`${house.origin}/notifications`);
  await expect(page.getByText('Something waits for you to let it in')).toBeVisible();
  await page.goto(memories);
  const queue = page.getByRole('region', { name: 'Waiting for you' });
  await expect(queue.getByText('She had a green bicycle.')).toBeVisible();
  await look(page, 'what waits for a steward');
  await queue.getByRole('button', { name: 'Let it in', exact: true }).click();
  await expect(page.getByText('It is in', { exact: true })).toBeVisible();
  await expect(queue).toHaveCount(0);

  await guest.reload();
  await expect(guest.getByText('It waits for a steward')).toHaveCount(0);
  const bicycle = guest.getByRole('article').filter({ hasText: 'green bicycle' });
  await bicycle.getByRole('button', { name: 'Edit' }).click();
  const edit = guest.getByRole('dialog', { name: 'Memory' });
  await edit.getByLabel('What do you remember of Rosa?').fill('She had a red bicycle.');
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(bicycle.getByText('Your change waits for a steward')).toBeVisible();
  await expect(bicycle.getByText('She had a red bicycle.')).toBeVisible();
  // Who goes on writing goes on from what they wrote last.
  await bicycle.getByRole('button', { name: 'Edit' }).click();
  await expect(edit.getByLabel('What do you remember of Rosa?')).toHaveValue(
    'She had a red bicycle.',
  );
  await edit.getByRole('button', { name: 'Cancel' }).click();

  await page.reload();
  await expect(queue.getByText('Now it says:')).toBeVisible();
  await look(page, 'a change that waits for a steward');
  await queue.getByRole('button', { name: 'Do not let it in' }).click();
  const declining = page.getByRole('dialog', { name: 'Do not let this in?' });
  await declining.getByLabel('A few words').fill('It was green, I am sure.');
  await look(page, 'declining');
  await declining.getByRole('button', { name: 'Do not let it in' }).click();
  await expect(page.getByText('Not let in. Whoever wrote it is told')).toBeVisible();

  await guest.reload();
  await expect(bicycle.getByText('They say: “It was green, I am sure.”')).toBeVisible();
  await look(guest, 'a change that was not let in');
  await bicycle.getByRole('button', { name: 'Take the change back' }).click();
  await expect(bicycle.getByText('This was not let in')).toHaveCount(0);
  await context.close();

  await page.goto(`${house.origin}/clones/${rosa}/settings`);
  await page.getByRole('radio', { name: /^It is in at once/ }).check();
  await expect(page.getByText('Saved')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('radio', { name: /^It is in at once/ })).toBeChecked();
});
