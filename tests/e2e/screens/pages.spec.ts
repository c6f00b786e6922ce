// Every page at two sizes, light and dark, into the folder `screenshots`.
import { enter, expect, OWNER, searchable, test } from '../fixtures.ts';
import type { Page } from '@playwright/test';
import { picture } from './all.ts';
import { startAppliance } from '../server.ts';
import { makeRosa } from './family.ts';

async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole('textbox').fill(question);
  await page.keyboard.press('Enter');
  const messages = page.getByRole('region', { name: 'Messages' });
  await expect(messages.getByText(question)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
}

test('pictures of every page', async ({ page, appliance }) => {
  await page.goto(`${appliance.origin}/`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '01-landing');
  await page.goto(`${appliance.origin}/welcome?token=x`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '02-welcome', true);
  await enter(page, appliance);
  await page.goto(`${appliance.origin}/`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '03-home-empty');
  await page.goto(`${appliance.origin}/clones/new`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '04-new-clone', true);
  const id = await makeRosa(page);
  await searchable(page, id);
  await page.goto(`${appliance.origin}/clones/${id}`);
  await expect(page.getByRole('heading', { level: 2 })).toBeVisible();
  await picture(page, '05-talk-empty');
  await ask(page, 'How did you meet Paul?');
  await ask(page, 'Which submarine did you command?');
  await picture(page, '06-talk');
  await page.getByRole('region', { name: 'Messages' }).evaluate((node) => node.scrollTo(0, 0));
  await picture(page, '06-talk-top');
  await page.getByRole('button', { name: 'Open source 1' }).first().click();
  await expect(page.getByTestId('source-text')).toBeVisible();
  await picture(page, '07-source');
  await page.keyboard.press('Escape');
  await page.goto(`${appliance.origin}/`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '08-home', true);
  for (const [i, part] of ['memories', 'timeline', 'people', 'settings'].entries()) {
    await page.goto(`${appliance.origin}/clones/${id}/${part}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByText('One moment…')).toBeHidden();
    await picture(page, `${String(9 + i).padStart(2, '0')}-${part}`, true);
  }
  await page.goto(`${appliance.origin}/clones/${id}/memories`);
  await page.getByLabel('Search the memories').fill('church music and garden');
  await expect(page.getByText('Show everything again')).toBeVisible();
  await expect(page.getByRole('article').nth(8)).toBeHidden();
  await picture(page, '09-memories-found', true);
  await page.goto(`${appliance.origin}/clones/${id}/memories`);
  await page.getByRole('button', { name: 'Delete', exact: true }).last().click();
  await page.getByRole('button', { name: 'Edit' }).first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await picture(page, '09-memory-edit');
  await page.goto(`${appliance.origin}/trash`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '13-trash');
  await page.goto(`${appliance.origin}/notifications`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '13-notifications-empty');
  for (const [topic, detail] of [
    ['space_invitation', 'The Millers'],
    ['break_glass', 'A letter from the court, of which a copy is with the family'],
    ['api_key_created', 'backup at home'],
    ['password_changed', ''],
    ['new_device', 'Firefox (Linux)'],
  ]) {
    await appliance.operate({ do: 'tell', email: OWNER.email, topic, detail });
  }
  await page.reload();
  await expect(page.getByRole('listitem')).toHaveCount(5);
  await page.getByRole('button', { name: 'Mark as read' }).last().click();
  await expect(page.getByRole('button', { name: 'Mark as read' })).toHaveCount(4);
  await picture(page, '13-notifications', true);
  await page.goto(`${appliance.origin}/account`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '14-account', true);
  await page.goto(`${appliance.origin}/nowhere`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await picture(page, '15-missing');
  await page.context().clearCookies();
  await page.goto(`${appliance.origin}/login`);
  await page.getByLabel('E-mail').fill(OWNER.email);
  await picture(page, '16-login');
});

test('pictures of what protects an account', async ({ page }) => {
  const house = await startAppliance();
  // Browsers have passkeys for a name only.
  const origin = house.origin.replace('127.0.0.1', 'localhost');
  const browser = await page.context().newCDPSession(page);
  await browser.send('WebAuthn.enable');
  await browser.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  try {
    await enter(page, {
      ...house,
      origin,
      welcome: house.welcome.replace('127.0.0.1', 'localhost'),
    });
    await page.goto(`${origin}/account/security`);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel('What to call it').fill('My laptop');
    await picture(page, '19-passkey');
    await page.getByRole('button', { name: 'Go on' }).click();
    await expect(page.getByText('Passkey added')).toBeVisible();
    await page.getByRole('button', { name: 'Close' }).click();
    await picture(page, '19-security', true);
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
    await expect(page.getByRole('img', { name: /QR/ })).toBeVisible();
    await picture(page, '19-authenticator');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await house.advance(6 * 60);
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
    await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeVisible();
    await picture(page, '19-confirm');
    await page.context().clearCookies();
    await page.goto(`${origin}/login`);
    await picture(page, '19-login');
  } finally {
    await house.stop();
  }
});

test('pictures of spaces and keys', async ({ page }) => {
  const house = await startAppliance();
  const send = (path: string, body: object) =>
    page.evaluate(
      async ([path, body]) => {
        const headers = { 'Content-Type': 'application/json' };
        const answer = await fetch(`/api/v1${path}`, { method: 'POST', headers, body });
        return (await answer.json()) as { id: string; token: string; key: string };
      },
      [path, JSON.stringify(body)] as const,
    );
  const opened = async (path: string, name: string) => {
    await page.goto(`${house.origin}${path}`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByText('One moment…')).toBeHidden();
    await picture(page, name, true);
  };
  try {
    await enter(page, house);
    const space = await send('/spaces', { name: 'The Kellers' });
    const rosa = await makeRosa(page);
    await send('/clones', { name: 'Paul Keller', space_id: space.id, visibility: 'space' });
    let token = '';
    for (const [name, role] of [
      ['Jonas Keller', 'contributor'],
      ['Anne-Sophie van den Bergh', 'visitor'],
    ]) {
      ({ token } = await send(`/spaces/${space.id}/invitations`, { role }));
      const email = `${name?.split(' ')[0]?.toLowerCase()}@example.org`;
      await fetch(`${house.origin}/api/v1/auth/register`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          display_name: name,
          email,
          password: 'seven boats upon the lake',
          invite_token: token,
          consents: { data_processing: true },
        }),
      });
    }
    const email = 'aunt.lise@example.org';
    ({ token } = await send(`/spaces/${space.id}/invitations`, { role: 'steward', email }));
    await opened('/spaces', '23-spaces');
    await opened(`/spaces/${space.id}`, '23-space');
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    await picture(page, '23-invite');
    await page.getByRole('button', { name: 'Make the link' }).click();
    await expect(page.getByRole('button', { name: 'Copy the link' })).toBeVisible();
    await picture(page, '23-invited');
    await opened(`/clones/${rosa}/settings`, '23-who-sees');
    await opened('/clones/new', '23-new-clone');
    await opened('/account', '24-account');
    await opened('/account/developer', '24-no-keys');
    const { key } = await send('/api-keys', { label: 'Backup at home', scopes: ['read'] });
    for (const path of ['/clones', '/clones', `/clones/${rosa}`, `/clones/${rosa}/memories`]) {
      await fetch(`${house.origin}/api/v1${path}`, { headers: { 'X-API-Key': key } });
    }
    await send('/api-keys', {
      label: 'Kitchen radio',
      scopes: ['chat'],
      clone_ids: [rosa],
      allowed_networks: ['192.168.1.0/24'],
    });
    await page.goto(`${house.origin}/account/developer`);
    // Requests are counted some seconds later.
    await expect(async () => {
      await page.reload();
      await expect(page.getByText('How it was used')).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 30_000 });
    await page.getByText('How it was used').click();
    await expect(page.getByRole('rowheader').first()).toBeVisible();
    await picture(page, '24-keys', true);
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByLabel('What it is for').fill('Phone shortcut');
    await page.getByText('Limit it further').click();
    await picture(page, '24-new-key');
    await page.getByLabel('Requests per hour at most').scrollIntoViewIfNeeded();
    await picture(page, '24-new-key-limits');
    await page.getByRole('dialog').getByRole('button', { name: 'Make a key' }).click();
    await expect(page.getByRole('button', { name: 'Copy the key' })).toBeVisible();
    await picture(page, '24-made-key');
    await opened(`/invitation?token=${token}`, '25-invitation-in');
    await page.context().clearCookies();
    await opened(`/invitation?token=${token}`, '25-invitation');
    await opened('/forgot', '25-forgot');
    await opened('/reset?token=x', '25-reset');
    await opened('/verify?token=x', '25-verify');
    await opened('/login', '25-login');
  } finally {
    await house.stop();
  }
});

test('pictures of answers by a model', async ({ page, modelled, model }) => {
  await enter(page, modelled);
  const id = await makeRosa(page);
  await searchable(page, id);
  await page.goto(`${modelled.origin}/clones/${id}`);
  await ask(page, 'How did you meet Paul at the dance?');
  await picture(page, '17-generated');
  model.fault = 'cut';
  await page.getByRole('textbox').fill('Tell me about the dance');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toBeVisible();
  await picture(page, '18-broken');
});

test.describe('in French', () => {
  test.use({ locale: 'fr-FR' });

  test('pictures in French', async ({ page }) => {
    const house = await startAppliance();
    try {
      await page.goto(house.welcome);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await picture(page, '20-fr-welcome', true);
      await enter(page, house);
      const id = await makeRosa(page);
      await searchable(page, id);
      await page.goto(`${house.origin}/clones/${id}`);
      await page.getByRole('textbox').fill('Who was Paul?');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('article').last().getByRole('blockquote').first()).toBeVisible();
      await picture(page, '21-fr-talk');
      await page.goto(`${house.origin}/`);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await picture(page, '22-fr-home');
    } finally {
      await house.stop();
    }
  });
});
