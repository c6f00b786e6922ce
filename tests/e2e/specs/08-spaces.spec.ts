// Several people in one house: spaces, roles and invitations; keys for programs; and what can be
// said about passwords and addresses where no mail is sent.
import { audit, enter, expect, fits, GUEST, OWNER, ownHouse, test } from '../fixtures.ts';
import { invite, make, signUp } from '../acts.ts';
import { startProvider } from '../provider.ts';
import { startAppliance } from '../server.ts';

const house = ownHouse();

test('somebody is invited by a link, joins, and sees what their role allows', async ({
  page,
  browser,
}) => {
  await page.goto(`${house.origin}/account`);
  await page.getByRole('link', { name: 'See your spaces' }).click();
  await expect(page.getByText('Only yours')).toBeVisible();
  await audit(page, 'spaces');
  await page.getByRole('button', { name: 'Make a space' }).click();
  await page.getByLabel('Name', { exact: true }).fill('The Kellers');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'The Kellers' })).toBeVisible();
  await audit(page, 'a space');
  await fits(page, 'a space');

  // A clone that is made for the space is there for everybody in it.
  await page.getByRole('link', { name: 'Remember someone' }).click();
  await expect(page.getByLabel('Where to keep it')).toContainText('The Kellers');
  await page.getByLabel('Name', { exact: true }).fill('Rosa');
  // Nobody has to vouch for her.
  await page.getByLabel('A fictional character').check();
  await page.getByRole('button', { name: 'Continue to the memories' }).click();
  await expect(page).toHaveURL(/\/memories$/);
  const rosa = /clones\/([^/]+)\/memories$/.exec(page.url())?.[1] ?? '';
  await make(page, `/clones/${rosa}/memories`, {
    content: 'She sang in the kitchen.',
  });
  const space = `${house.origin}/spaces`;
  await page.goto(space);
  await page.getByRole('link', { name: /The Kellers/ }).click();
  await expect(page.getByRole('link', { name: 'Rosa' })).toBeVisible();

  const withdrawn = await invite(page, 'Steward');
  await expect(page.getByText('Anybody with the link')).toBeVisible();
  await page.getByRole('button', { name: 'Withdraw' }).click();
  await expect(page.getByText('Invitation withdrawn')).toBeVisible();
  const link = await invite(page, 'Visitor');

  const context = await browser.newContext({ locale: 'en-GB' });
  const guest = await context.newPage();
  await guest.goto(withdrawn);
  await expect(guest.getByRole('alert')).toContainText('no longer good');
  await guest.goto(link);
  await expect(guest.getByRole('heading', { name: 'Invitation to The Kellers' })).toBeVisible();
  await expect(guest.getByText(`${OWNER.name} invites you`)).toBeVisible();
  expect(guest.url()).not.toContain('token');
  await audit(guest, 'an invitation');
  await guest.getByRole('link', { name: 'Create an account' }).click();
  await signUp(guest);
  await expect(guest.getByRole('heading', { level: 1 })).toContainText(GUEST.name);
  await expect(guest.getByRole('link', { name: 'Rosa', exact: true })).toBeVisible();

  // A visitor reads and talks, and is shown no way to change anything.
  await guest.goto(`${house.origin}/clones/${rosa}/memories`);
  await expect(guest.getByText('She sang in the kitchen.')).toBeVisible();
  await expect(guest.getByRole('button', { name: 'Edit' })).toHaveCount(0);
  await expect(guest.getByRole('link', { name: 'Settings' })).toHaveCount(0);
  await guest.goto(`${house.origin}/clones/${rosa}/settings`);
  await expect(guest.getByText('for its owner and the stewards to change')).toBeVisible();
  await guest.goto(space);
  await guest.getByRole('link', { name: /The Kellers/ }).click();
  await expect(guest.getByText('You are here as: Visitor.')).toBeVisible();
  await expect(guest.getByRole('button', { name: 'Invite somebody' })).toHaveCount(0);
  await expect(guest.getByRole('combobox')).toHaveCount(0);
  await expect(guest.getByRole('button', { name: 'Leave The Kellers' })).toBeVisible();

  // Who becomes a steward may invite; who is handed the space owns it.
  await page.reload();
  await page.getByLabel(`Role of ${GUEST.name}`).selectOption('Steward');
  await expect(page.getByText(`${GUEST.name} is now: Steward`)).toBeVisible();
  await guest.reload();
  await expect(guest.getByRole('button', { name: 'Invite somebody' })).toBeVisible();
  await house.advance(6 * 60);
  await page.getByRole('button', { name: `Hand over to ${GUEST.name}` }).click();
  const asks = page.getByRole('dialog', { name: `Hand over to ${GUEST.name}` });
  await asks.getByRole('button', { name: 'Hand over', exact: true }).click();
  await asks.getByRole('button', { name: 'Yes, hand it over' }).click();
  const confirm = page.getByRole('dialog', { name: 'Confirm it is you' });
  await confirm.getByLabel('Password').fill(OWNER.password);
  await confirm.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText(`The Kellers belongs to ${GUEST.name} now`)).toBeVisible();
  await expect(page.getByText('You are here as: Steward.')).toBeVisible();

  await page.getByRole('button', { name: 'Leave The Kellers' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(page.getByText('You left The Kellers')).toBeVisible();
  await guest.reload();
  await guest.getByRole('button', { name: 'Delete The Kellers' }).click();
  const ends = guest.getByRole('dialog', { name: 'Delete The Kellers' });
  await expect(ends.getByRole('button', { name: 'Delete', exact: true })).toBeDisabled();
  await ends.getByLabel('To be sure, type the name').fill('the kellers');
  await ends.getByRole('button', { name: 'Delete', exact: true }).click();
  const again = guest.getByRole('dialog', { name: 'Confirm it is you' });
  await again.getByLabel('Password').fill(GUEST.password);
  await again.getByRole('button', { name: 'Confirm' }).click();
  await expect(guest.getByText('The Kellers was deleted')).toBeVisible();
  await context.close();
});

test('who has an account signs in and comes back to the invitation', async ({ page, browser }) => {
  const id = await make(page, '/spaces', { name: 'Choir' });
  await page.goto(`${house.origin}/spaces/${id}`);
  const first = await invite(page, 'Contributor');
  const context = await browser.newContext({ locale: 'en-GB' });
  const guest = await context.newPage();
  await guest.goto(first);
  await guest.getByRole('link', { name: 'Create an account' }).click();
  await signUp(guest);
  await expect(guest.getByRole('heading', { level: 1 })).toContainText(GUEST.name);
  await context.clearCookies();

  const other = await make(page, '/spaces', { name: 'Bakery' });
  await page.goto(`${house.origin}/spaces/${other}`);
  await guest.goto(await invite(page, 'Contributor'));
  await guest.getByRole('link', { name: 'I have an account' }).click();
  await guest.getByLabel('E-mail').fill(GUEST.email);
  await guest.getByLabel('Password').fill(GUEST.password);
  await guest.getByRole('button', { name: 'Sign in', exact: true }).click();
  await guest.getByRole('button', { name: 'Join Bakery' }).click();
  await expect(guest.getByRole('heading', { level: 1, name: 'Bakery' })).toBeVisible();
  await expect(guest.getByText('You are here as: Contributor.')).toBeVisible();
  const kept = await guest.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  expect(kept).not.toMatch(/token|invit/i);
  await context.close();
});

test('who asked does not keep the words of a memory that was thrown away', async ({
  page,
  browser,
}) => {
  const id = await make(page, '/spaces', { name: 'The lake' });
  const kept = { name: 'Klara', subject: 'fictional', space_id: id, visibility: 'space' };
  const klara = await make(page, '/clones', kept);
  const words = 'She swam across the lake with her brother in August.';
  await make(page, `/clones/${klara}/memories`, { content: words });
  await page.goto(`${house.origin}/spaces/${id}`);
  const context = await browser.newContext({ locale: 'en-GB' });
  const guest = await context.newPage();
  await guest.goto(await invite(page, 'Visitor'));
  await guest.getByRole('link', { name: 'Create an account' }).click();
  await signUp(guest);
  await expect(guest.getByRole('heading', { level: 1 })).toContainText(GUEST.name);
  await guest.goto(`${house.origin}/clones/${klara}`);
  await guest.getByLabel('Your question to Klara').fill('Who swam across the lake in August?');
  await guest.keyboard.press('Enter');
  const answer = guest.getByRole('article').last();
  await expect(answer).toContainText(words);

  await page.goto(`${house.origin}/clones/${klara}/memories`);
  await page.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText(words)).toHaveCount(0);
  await guest.reload();
  await expect(guest.getByText('A memory that is gone').first()).toBeVisible();
  await expect(guest.getByText(words)).toHaveCount(0);
  await audit(guest, 'an answer whose source is gone');
  await fits(guest, 'an answer whose source is gone');
  await guest
    .getByRole('button', { name: /A memory that is gone/ })
    .first()
    .click();
  await expect(guest.getByRole('dialog')).toContainText('its words are gone from here');
  await context.close();
});

test('its owner moves a clone and says who sees it', async ({ page }) => {
  const rosa = await make(page, '/clones', { name: 'Rosa', subject: 'fictional' });
  await make(page, '/spaces', { name: 'The Kellers' });
  await page.goto(`${house.origin}/clones/${rosa}/settings`);
  await expect(page.getByRole('radio', { name: /^Only you/ })).toBeChecked();
  await page.getByLabel('Kept in').selectOption('The Kellers');
  await page.getByRole('radio', { name: /^Everyone in The Kellers/ }).check();
  await audit(page, 'who sees a clone');
  const form = page.locator('section', {
    has: page.getByRole('heading', { name: 'Who can see this' }),
  });
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved')).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Kept in')).toHaveValue(/./);
  await expect(page.getByRole('radio', { name: /^Everyone in The Kellers/ })).toBeChecked();
  await page.getByRole('link', { name: 'Who is in The Kellers' }).click();
  await expect(page.getByRole('link', { name: 'Rosa' })).toBeVisible();
});

test('a key is made, lets a program in, is counted and taken back', async ({ page }) => {
  await make(page, '/clones', { name: 'Rosa' });
  await house.advance(6 * 60);
  await page.goto(`${house.origin}/account`);
  await page.getByRole('link', { name: 'See your keys' }).click();
  await expect(page.getByText('No keys yet')).toBeVisible();
  await audit(page, 'no keys');
  await page.getByRole('button', { name: 'Make a key' }).click();
  const asks = page.getByRole('dialog', { name: 'Make a key' });
  await asks.getByLabel('What it is for').fill('Backup at home');
  await asks.getByText('Limit it further').click();
  await asks.getByLabel('Only from these networks').fill('127.0.0.0/8, my home');
  await audit(page, 'making a key');
  await asks.getByRole('button', { name: 'Make a key' }).click();
  const confirm = page.getByRole('dialog', { name: 'Confirm it is you' });
  await confirm.getByLabel('Password').fill(OWNER.password);
  await confirm.getByRole('button', { name: 'Confirm' }).click();
  await expect(asks.getByText('Must be addresses or networks')).toBeVisible();
  await audit(page, 'a key with a network that is none');
  await asks.getByLabel('Only from these networks').fill('127.0.0.0/8, ::1');
  await asks.getByRole('button', { name: 'Make a key' }).click();
  const made = page.getByRole('dialog', { name: 'The key is ready' });
  const key = await made.getByRole('group', { name: 'The key' }).innerText();
  const call = await made.getByRole('group', { name: 'First call' }).innerText();
  expect(call).toBe(`curl -H 'X-API-Key: ${key}' ${house.origin}/api/v1/clones`);
  await audit(page, 'a key that was made');

  const asked = (method: string) =>
    fetch(`${house.origin}/api/v1/clones`, {
      method,
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify({ name: 'Paul' }) } : {}),
    });
  const listed = (await (await asked('GET')).json()) as {
    items: { name: string }[];
  };
  expect(listed.items.map((clone) => clone.name)).toEqual(['Rosa']);
  expect((await asked('POST')).status).toBe(403);
  await made.getByRole('button', { name: 'I have kept it' }).click();

  await expect(page.getByText('Backup at home', { exact: true })).toBeVisible();
  await expect(page.getByText('only from 127.0.0.0/8 and ::1')).toBeVisible();
  await expect
    .poll(async () => {
      await page.reload();
      await expect(page.getByText('Backup at home', { exact: true })).toBeVisible();
      return page.getByText('How it was used').count();
    })
    .toBe(1);
  await page.getByText('How it was used').click();
  await expect(page.getByRole('rowheader', { name: 'list_clones' })).toBeVisible();
  await audit(page, 'how a key was used');
  await fits(page, 'keys');
  await page.getByRole('button', { name: 'Take back Backup at home' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
  await expect(page.getByText('Key taken back')).toBeVisible();
  expect((await asked('GET')).status).toBe(401);
});

test('without mail the pages about passwords and addresses say who helps', async ({ page }) => {
  await page.goto(`${house.origin}/account`);
  await expect(page.getByText('Not confirmed: this server sends no mail.')).toBeVisible();
  await page.getByRole('button', { name: 'Change the address' }).click();
  const asks = page.getByRole('dialog', { name: 'Change the address' });
  await asks.getByLabel('New address').fill('marta.keller@example.org');
  await asks.getByRole('button', { name: 'Change the address' }).click();
  await expect(page.getByText('marta.keller@example.org')).toBeVisible();

  await page.context().clearCookies();
  await page.goto(`${house.origin}/login`);
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await expect(page.getByText('clonememoria admin reset-password')).toBeVisible();
  await audit(page, 'a forgotten password');
  await page.goto(`${house.origin}/reset?token=not-a-token-of-this-house`);
  await audit(page, 'a new password');
  expect(page.url()).toBe(`${house.origin}/reset`);
  await page.getByLabel('New password').fill('violet umbrella quartz 42');
  await expect(page.getByText('Strong.')).toBeVisible();
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('alert')).toContainText('This link was used, is too old');
  await page.goto(`${house.origin}/verify?token=not-a-token-of-this-house`);
  await expect(page.getByRole('alert')).toContainText('This link was used, is too old');
  await expect(page.getByLabel('Code or link from the mail')).toBeVisible();
  expect(page.url()).toBe(`${house.origin}/verify`);
  await audit(page, 'an address');
});

test('a group is let in by who is in it, and by an administrator', async ({ page, browser }) => {
  const provider = await startProvider();
  const appliance = await startAppliance({ environment: provider.environment });
  provider.serve(appliance.origin);
  await enter(page, appliance);
  const family = await make(page, '/spaces', { name: 'The Kellers' });
  await page.goto(`${appliance.origin}/spaces/${family}`);
  await page.getByRole('button', { name: 'Let a group in' }).click();
  const asks = page.getByRole('dialog', { name: 'Let a group in' });
  // An administrator who is in none types it.
  await expect(asks.getByLabel('Your group')).toHaveCount(0);
  await asks.getByLabel('Name of the group').fill('choir');
  await asks.getByRole('button', { name: 'Let in' }).click();
  await expect(page.getByText('Family ID · Visitor · nobody here yet')).toBeVisible();

  const context = await browser.newContext({ locale: 'en-GB' });
  const rosa = await context.newPage();
  const signIn = async () => {
    await context.clearCookies();
    await rosa.goto(`${appliance.origin}/login`);
    await rosa.getByRole('link', { name: 'Continue with Family ID' }).click();
    await provider.signIn(rosa, 'rosa');
    await expect(rosa.getByRole('heading', { level: 1 })).toContainText('rosa');
  };
  await signIn();
  const lake = await make(rosa, '/spaces', { name: 'The lake' });
  await rosa.goto(`${appliance.origin}/spaces/${lake}`);
  await expect(rosa.getByText('only groups that you are in yourself')).toBeVisible();
  await expect(rosa.getByRole('button', { name: 'Let a group in' })).toHaveCount(0);
  await audit(rosa, 'a space of somebody in no group');

  provider.groups = ['choir', 'swimmers'];
  await signIn();
  await rosa.goto(`${appliance.origin}/spaces/${lake}`);
  await rosa.getByRole('button', { name: 'Let a group in' }).click();
  const chooses = rosa.getByRole('dialog', { name: 'Let a group in' });
  await expect(chooses.getByLabel('Name of the group')).toHaveCount(0);
  await expect(chooses.getByLabel('Your group').getByRole('option')).toHaveText([
    'choir',
    'swimmers',
  ]);
  await chooses.getByLabel('Your group').selectOption('swimmers');
  await audit(rosa, 'letting a group in');
  await fits(rosa, 'letting a group in');
  await chooses.getByRole('button', { name: 'Let in' }).click();
  await expect(rosa.getByText('swimmers', { exact: true })).toBeVisible();
  await rosa.goto(`${appliance.origin}/spaces/${family}`);
  await expect(rosa.getByText('You are here as: Visitor.')).toBeVisible();

  // What was offered is not there any more: the refusal says what to do.
  await rosa.goto(`${appliance.origin}/spaces/${lake}`);
  await rosa.getByRole('button', { name: 'Let a group in' }).click();
  await rosa.route('**/spaces/*/groups', (route) =>
    route.fulfill({ status: 403, json: { code: 'group_not_yours', status: 403, title: '' } }),
  );
  await chooses.getByRole('button', { name: 'Let in' }).click();
  await expect(chooses.getByRole('alert')).toContainText('Sign in there again');
  await context.close();
  await appliance.stop();
  await provider.stop();
});
