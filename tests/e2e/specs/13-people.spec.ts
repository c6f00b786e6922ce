// On whose word a clone is here: somebody who has died, somebody who lives; and letting it rest.
import { look, make, PHONE } from '../acts.ts';
import { audit, expect, ownHouse, test } from '../fixtures.ts';

const house = ownHouse();

test('somebody close vouches for the dead, and may be against it as well', async ({ page }) => {
  const rosa = await make(page, '/clones', {
    name: 'Rosa',
    subject: 'deceased',
    relationship: 'my grandmother',
  });
  await page.goto(`${house.origin}/clones/${rosa}/settings`);
  await expect(page.getByText('Nobody has said yet on whose word')).toBeVisible();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const making = page.getByRole('dialog', { name: 'Make a link' });
  await making.getByRole('button', { name: 'Make the link' }).click();
  await expect(making.getByRole('alert')).toContainText('on whose word it is here');
  await making.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('link', { name: 'Say it' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('On whose word Rosa is here');
  await expect(page.getByTestId('ground')).toContainText('Nobody has said yet');
  await look(page, 'vouching for the dead');
  await expect(page.getByLabel('What were they to you?')).toHaveValue('my grandmother');
  await page.getByLabel('Who are you to them').fill('She raised me.');
  await page.getByLabel('I declare this.').check();
  await page.getByRole('button', { name: 'Declare' }).click();
  await expect(page.getByTestId('ground')).toContainText('can be opened to others');
  await expect(page.getByText('I know of no will of theirs against it')).toBeVisible();

  await page.getByRole('button', { name: 'I object' }).click();
  const objecting = page.getByRole('dialog', { name: 'I object' });
  await objecting.getByLabel('What were they to you?').fill('my grandmother');
  await objecting.getByLabel('Why?').fill('She would have hated it.');
  await audit(page, 'objecting');
  await objecting.getByRole('button', { name: 'I object' }).click();
  await expect(page.getByText('She would have hated it.')).toBeVisible();
  await expect(page.getByTestId('rests')).toContainText('Rosa rests');
  await look(page, 'an objection');
  await page.goto(`${house.origin}/clones/${rosa}`);
  await expect(page.getByTestId('resting')).toContainText('Rosa rests');
  await expect(page.getByRole('textbox')).toHaveCount(0);
  await page.getByRole('link', { name: 'On whose word?' }).click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await expect(page.getByText('Nobody objects.')).toBeVisible();
  await expect(page.getByTestId('rests')).toContainText('Rosa is awake');
});

test('the living are asked by a link, say yes, and take it back', async ({ page, browser }) => {
  const max = await make(page, '/clones', { name: 'Max', subject: 'living' });
  await page.goto(`${house.origin}/clones/${max}/standing`);
  await page.getByRole('button', { name: 'Make a link' }).click();
  const made = page.getByRole('dialog', { name: 'Link for Max' });
  const link = await made.getByRole('group', { name: 'Link for Max' }).innerText();
  await audit(page, 'a link for a living person');
  await made.getByRole('button', { name: 'Done' }).click();
  await look(page, 'a living person was asked');

  const context = await browser.newContext({ locale: 'fr-FR' });
  const person = await context.newPage();
  await person.goto(link);
  await expect(person.getByRole('heading', { level: 1 })).toHaveText(
    'Quelqu’un a créé un clone de vous',
  );
  expect(person.url()).not.toContain('token');
  await look(person, 'what the living person sees');
  await person.getByLabel('Votre nom').fill('Max Keller');
  await person.getByRole('button', { name: 'Je suis d’accord' }).click();
  await expect(person.getByText('Vous avez donné votre accord')).toBeVisible();
  await page.reload();
  await expect(page.getByTestId('ground')).toContainText('Max has agreed');

  await person.goto(link);
  await person.getByLabel('Votre nom').fill('Max Keller');
  await person.getByRole('button', { name: 'Je ne suis pas d’accord' }).click();
  await expect(person.getByText('Le clone se repose : personne')).toBeVisible();
  await look(person, 'the living person said no');
  await context.close();
  await page.reload();
  await expect(page.getByTestId('ground')).toContainText('does not want this clone');
  await expect(page.getByRole('button', { name: 'Wake it' })).toHaveCount(0);
});

test('a clone rests, is retired with a few words, and is woken', async ({ page, browser }) => {
  const rosa = await make(page, '/clones', { name: 'Rosa', subject: 'fictional' });
  const share = await page.evaluate(async (id) => {
    const headers = { 'Content-Type': 'application/json' };
    const path = `/api/v1/clones/${id}/share-links`;
    const made = await fetch(path, { method: 'POST', headers, body: '{}' });
    return ((await made.json()) as { token: string }).token;
  }, rosa);
  await page.goto(`${house.origin}/clones/${rosa}/settings`);
  await page.getByRole('button', { name: 'Let it rest' }).click();
  await expect(page.getByTestId('rests')).toContainText('Take the time you need');
  const context = await browser.newContext({ locale: 'en-GB', viewport: PHONE });
  const guest = await context.newPage();
  await guest.goto(`${house.origin}/share#${share}`);
  await expect(guest.getByRole('heading', { level: 1 })).toHaveText('This clone rests');
  await look(guest, 'a link to a clone that rests');
  await context.close();
  await page.getByRole('button', { name: 'Retire it' }).click();
  const retiring = page.getByRole('dialog', { name: 'Retire it' });
  await retiring.getByLabel('A few words in its place').fill('She told us all she could.');
  await audit(page, 'retiring');
  await retiring.getByRole('button', { name: 'Retire it' }).click();
  await expect(page.getByTestId('rests')).toContainText('kept for reading');
  await page.goto(`${house.origin}/clones/${rosa}`);
  await expect(page.getByTestId('resting')).toContainText('She told us all she could.');
  await look(page, 'a clone that was retired');
  await page.goto(`${house.origin}/clones/${rosa}/settings`);
  await page.getByRole('button', { name: 'Wake it' }).click();
  await expect(page.getByTestId('rests')).toContainText('Rosa is awake');
});
