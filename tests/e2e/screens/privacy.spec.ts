// The pages about what is done with what one wrote, in both languages.
import { enter, expect, OWNER, test } from '../fixtures.ts';
import { startAppliance } from '../server.ts';
import { picture } from './all.ts';
import { makeRosa } from './family.ts';

const WORDS = {
  en: { locale: 'en-GB', store: 'Only store', erase: 'Erase everything' },
  fr: { locale: 'fr-FR', store: 'Conserver seulement', erase: 'Tout effacer' },
} as const;

for (const [language, words] of Object.entries(WORDS)) {
  test.describe(language, () => {
    test.use({ locale: words.locale });

    test(`pictures of privacy (${language})`, async ({ page }) => {
      const house = await startAppliance();
      const shot = (name: string) => picture(page, `${language}-${name}`, true);
      const opened = async (path: string, name: string) => {
        await page.goto(`${house.origin}${path}`);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.getByText(/^(One moment|Un instant)…$/)).toBeHidden();
        await shot(name);
      };
      try {
        await enter(page, house);
        await makeRosa(page);
        await opened('/privacy', 'notice');
        await opened('/admin/register', 'register');
        await opened('/account', 'account-privacy');
        await page.getByRole('button', { name: words.store }).click();
        await picture(page, `${language}-only-store-asked`);
        await page.getByRole('dialog').getByRole('button', { name: words.store }).click();
        await expect(page.locator('#only-store').getByRole('button')).toHaveText(
          /Use it again|L’utiliser/,
        );
        await shot('only-stored');
        await opened('/', 'only-stored-home');
        await opened('/account/erase', 'erase');
        await page.getByRole('textbox').fill(OWNER.email);
        await page.getByRole('button', { name: words.erase }).click();
        await expect(page.getByText(/It is gone\.|Tout a disparu\./).first()).toBeVisible();
        await shot('erased');
      } finally {
        await house.stop();
      }
    });
  });
}
