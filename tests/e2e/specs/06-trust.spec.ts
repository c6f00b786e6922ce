// The page that helps phones and computers trust a server at home, in both languages, and what
// it says where there is nothing to trust; and what is said at an address where nobody can sign in.
import { chromium } from '@playwright/test';
import { audit, expect, fits, test } from '../fixtures.ts';
import { launchOptions } from '../playwright.config.ts';
import { startAppliance } from '../server.ts';

interface Info {
  authority: { name: string; fingerprint: string };
}

test('a server with its own authority shows how to trust it', async ({ browser }) => {
  const appliance = await startAppliance({ settings: ['server.tls=local'], listen: '0.0.0.0' });
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

test('a server that others do not reach shows them no address, and says how to change that', async ({
  page,
}) => {
  const appliance = await startAppliance({ settings: ['server.tls=local'] });
  try {
    await page.goto(`${appliance.origin}/trust`);
    await expect(page.getByText('This server listens on its own machine only')).toBeVisible();
    await expect(page.getByText('CLONEMEMORIA_LISTEN=0.0.0.0:8787')).toBeVisible();
    await expect(page.getByRole('img', { name: /^QR code/ })).toHaveCount(0);
    await audit(page, 'trust here only');
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
  await expect(page.getByText('two settings')).toBeVisible();
  await expect(
    page.getByText(/LISTEN=0\.0\.0\.0:8787\s+CLONEMEMORIA_SERVER_TLS=local/),
  ).toBeVisible();
  await audit(page, 'trust off');
});

test('at another plain address than the one that was set, the page says where to sign in', async () => {
  const appliance = await startAppliance({
    settings: ['server.public_url=https://memoria.example'],
  });
  // A browser that finds a name of the house: there it believes in no secure connection.
  const args = [...launchOptions.args, '--host-resolver-rules=MAP memoria.lan 127.0.0.1'];
  const browser = await chromium.launch({ ...launchOptions, args });
  try {
    const { port } = new URL(appliance.origin);
    for (const [locale, said] of [
      ['en-GB', 'Nobody can sign in at this address'],
      ['fr-FR', 'Impossible de se connecter à cette adresse'],
    ] as const) {
      const context = await browser.newContext({ locale, viewport: { width: 390, height: 800 } });
      const page = await context.newPage();
      await page.goto(`http://memoria.lan:${port}/login?next=/spaces`);
      await expect(page.getByText(said)).toBeVisible();
      const better = 'https://memoria.example/login?next=/spaces';
      await expect(page.getByRole('link', { name: better })).toHaveAttribute('href', better);
      await audit(page, `another address ${locale}`);
      await fits(page, `another address ${locale}`);
      await context.close();
    }
    const page = await browser.newPage({ locale: 'en-GB' });
    await page.goto(`${appliance.origin}/login`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByText('Nobody can sign in at this address')).toHaveCount(0);
  } finally {
    await browser.close();
    await appliance.stop();
  }
});
