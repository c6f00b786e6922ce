// What the account was told: seen in the header, read on its page.
import { enter, expect, OWNER, test } from '../fixtures.ts';
import { startAppliance } from '../server.ts';

test('a notice is seen from every page until it is read', async ({ page }) => {
  const house = await startAppliance();
  try {
    await enter(page, house);
    await page.goto(`${house.origin}/trash`);
    const way = page.getByRole('navigation', { name: 'Main' });
    await expect(way.getByRole('link', { name: 'Notifications', exact: true })).toBeVisible();
    const told = { do: 'tell', email: OWNER.email };
    await house.operate({ ...told, topic: 'new_device', detail: 'Firefox on <b>Linux</b>' });
    await house.operate({ ...told, topic: 'password_changed', detail: '' });
    await page.reload();
    await way.getByRole('link', { name: 'Notifications (2 new)' }).click();
    await expect(page.getByText('A new device was signed in')).toBeVisible();
    await expect(page.getByText('Firefox on <b>Linux</b>')).toBeVisible();
    await page.getByRole('button', { name: 'Mark as read' }).first().click();
    await expect(way.getByRole('link', { name: 'Notifications (one new)' })).toBeVisible();
    await page.getByRole('button', { name: 'Mark everything as read' }).click();
    await expect(way.getByRole('link', { name: 'Notifications', exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Mark as read' })).toHaveCount(0);
  } finally {
    await house.stop();
  }
});
