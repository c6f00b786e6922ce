// The page that helps phones and computers trust a server at home, in both languages, and what
// it says where there is nothing to trust.
import { audit, expect, test } from '../fixtures.ts';
import { startAppliance } from '../server.ts';

interface Info {
  authority: { name: string; fingerprint: string };
}

test('a server with its own authority shows how to trust it', async ({ browser }) => {
  const appliance = await startAppliance({ settings: ['server.tls=local'] });
  try {
    const answer = await fetch(`${appliance.origin}/trust/info`);
    const { authority } = (await answer.json()) as Info;
    for (const [locale, title, picture] of [
      ['en-GB', 'Trust this server', /^QR code of http:/],
      ['fr-FR', 'Faire confiance à ce serveur', /^Code QR de http:/],
    ] as const) {
      const context = await browser.newContext({ locale });
      const page = await context.newPage();
      const refused: string[] = [];
      page.on('console', (line) => {
        if (line.type() === 'error') refused.push(line.text());
      });
      await page.goto(`${appliance.origin}/trust`);
      await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
      await expect(page.getByRole('img', { name: picture })).toBeVisible();
      await expect(page.getByText(authority.fingerprint)).toBeVisible();
      await expect(page.getByText(authority.name)).toBeVisible();
      await audit(page, `trust ${locale}`);
      const download = page.waitForEvent('download');
      await page
        .getByRole('link', { name: /^Certifica/ })
        .first()
        .click();
      expect((await download).suggestedFilename()).toBe('clonememoria-ca.crt');
      expect(refused).toEqual([]);
      await context.close();
    }
  } finally {
    await appliance.stop();
  }
});

test('without TLS the page says what that costs and how to change it', async ({
  page,
  appliance,
}) => {
  await page.goto(`${appliance.origin}/trust`);
  await expect(page.getByText('This server speaks plain HTTP.')).toBeVisible();
  await expect(page.getByText('CLONEMEMORIA_SERVER_TLS=local')).toBeVisible();
  await audit(page, 'trust off');
});
