// What people do in several tests.
import type { Page } from '@playwright/test';
import { audit, fits, GUEST } from './fixtures.ts';

export const PHONE = { width: 390, height: 844 };
const SHOTS = process.env['SHOTS'];

/** Makes something over the API with the cookie of the page. */
export async function make(page: Page, path: string, body: object): Promise<string> {
  return page.evaluate(
    async ([path, body]) => {
      const headers = { 'Content-Type': 'application/json' };
      const sent = { method: 'POST', headers, body };
      const answer = await fetch(`/api/v1${path}`, sent);
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return ((await answer.json()) as { id: string }).id;
    },
    [path, JSON.stringify(body)] as const,
  );
}

export async function signUp(page: Page): Promise<void> {
  await page.getByLabel('Your name').fill(GUEST.name);
  await page.getByLabel('E-mail').fill(GUEST.email);
  await page.getByLabel('Password', { exact: true }).fill(GUEST.password);
  await page.getByLabel('I agree that this server').check();
  await page.getByRole('button', { name: 'Create an account' }).click();
}

/** Makes an invitation on the page of a space; answers with its link. */
export async function invite(page: Page, role: string): Promise<string> {
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  const asks = page.getByRole('dialog', { name: 'Invite somebody' });
  await asks.getByLabel('What they may do').selectOption(role);
  await asks.getByRole('button', { name: 'Make the link' }).click();
  const made = page.getByRole('dialog', { name: 'The invitation is ready' });
  const link = await made.getByRole('group', { name: 'Invitation link' }).innerText();
  await audit(page, 'an invitation that was made');
  await made.getByRole('button', { name: 'Done' }).click();
  return link;
}

/** A look at a page on a phone and on a desk, in the light and in the dark. */
export async function look(page: Page, name: string): Promise<void> {
  await audit(page, name);
  await fits(page, name);
  const desk = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const size of SHOTS ? [desk, PHONE] : []) {
    await page.setViewportSize(size);
    await fits(page, `${name} at ${size.width}`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const path = `${SHOTS}/${name.replaceAll(' ', '-')}-${size.width}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(desk);
}
