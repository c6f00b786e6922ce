// What the tests share: a server, a signed-in page, and a watch on what the browser complains about.
import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';
import { startModel, type ModelServer } from './model.ts';
import { startAppliance, type Appliance } from './server.ts';

export const OWNER = {
  name: 'Marta Keller',
  email: 'marta@example.org',
  password: 'a quiet kitchen in june',
};

/** Somebody else. */
export const GUEST = {
  name: 'Jonas Keller',
  email: 'jonas@example.org',
  password: 'seven boats upon the lake',
};

/** What the server is told to have its answers written by the test model. */
export const environmentFor = (model: ModelServer) => ({
  CLONEMEMORIA_LLM_BASE_URL: model.baseUrl,
  CLONEMEMORIA_LLM_API_KEY: 'test-key',
  CLONEMEMORIA_LLM_MODEL: 'test-model',
});

interface PerTest {
  complaints: string[];
}

interface PerWorker {
  appliance: Appliance;
  model: ModelServer;
  modelled: Appliance;
}

/** The server and what tests put beside it; everything else is elsewhere. */
const HERE = /^(?:https?:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?\/|blob:|about:)/;

/** How the browser says that nobody listens at an address any more. */
const AWAY = /^net::ERR_(?:CONNECTION_(?:REFUSED|RESET)|EMPTY_RESPONSE)$/;

/** Who reads an address or a browser's storage must not learn who was here. */
const PERSONAL = [OWNER.email, OWNER.name, OWNER.password];

const tells = (text: string) =>
  PERSONAL.some((secret) => text.includes(secret) || text.includes(encodeURIComponent(secret)));

/**
 * What the browser reports and nobody expects: policy violations, errors in scripts, requests to
 * elsewhere, addresses that say who one is.
 */
export async function watch(page: Page, complaints: string[]): Promise<void> {
  page.on('request', (request) => {
    // A provider's own pages are its own affair; ours are opened at localhost.
    const foreign = !HERE.test(request.url()) && !/^http:\/\/127/.test(request.frame().url());
    if (foreign) complaints.push(`request: ${request.url()}`);
    if (tells(request.url())) complaints.push(`address: ${request.url()}`);
  });
  page.on('framenavigated', (frame) => {
    if (tells(frame.url())) complaints.push(`address: ${frame.url()}`);
  });
  // A test ends its server while the page still fetches ahead what a pointer rests on.
  const unreachable: string[] = [];
  const isAway = (text: string) =>
    /preload|dynamically imported/.test(text) && unreachable.some((url) => text.includes(url));
  page.on('requestfailed', (request) => {
    if (!AWAY.test(request.failure()?.errorText ?? '')) return;
    unreachable.push(request.url());
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !isAway(text)));
  });
  page.on('pageerror', (error) => {
    if (!isAway(error.message)) complaints.push(`error: ${error.message}`);
  });
  page.on('console', (message) => {
    if (/content security policy|trusted type/i.test(message.text())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  await page.exposeFunction('reportViolation', (text: string) => complaints.push(text));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const report = (window as unknown as { reportViolation: (text: string) => void })
        .reportViolation;
      report(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
}

/** What the app keeps in the browser beyond the cookie. */
async function kept(page: Page): Promise<string[]> {
  if (page.isClosed() || !/^https?:/.test(page.url())) return [];
  return page.evaluate(async () => {
    const said = [localStorage, sessionStorage].flatMap((storage) =>
      Object.entries(storage as unknown as Record<string, string>).map(
        ([key, value]) => `${key}=${value}`,
      ),
    );
    const databases = (await indexedDB.databases()).map(({ name }) => `database ${name ?? ''}`);
    // Over plain HTTP at an address there is none to ask.
    const caches = 'caches' in window ? await window.caches.keys() : [];
    const workers = await navigator.serviceWorker?.getRegistrations();
    return [
      ...said,
      ...databases,
      ...caches.map((name) => `cache ${name}`),
      ...(workers ?? []).map(({ scope }) => `worker ${scope}`),
    ];
  });
}

/** The choice of light or dark, and where a page was scrolled to. */
const MAY_BE_KEPT = /^(?:clonememoria\.theme|sveltekit:(?:scroll|snapshot))=/;

export const test = base.extend<PerTest, PerWorker>({
  appliance: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const appliance = await startAppliance();
      await use(appliance);
      await appliance.stop();
    },
    { scope: 'worker' },
  ],
  model: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const model = await startModel();
      await use(model);
      await model.stop();
    },
    { scope: 'worker' },
  ],
  modelled: [
    async ({ model }, use) => {
      const appliance = await startAppliance({
        environment: environmentFor(model),
      });
      await use(appliance);
      await appliance.stop();
    },
    { scope: 'worker' },
  ],
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      await watch(page, complaints);
      await use(complaints);
      for (const thing of await kept(page).catch(() => [])) {
        if (!MAY_BE_KEPT.test(thing) || tells(thing)) complaints.push(`kept: ${thing}`);
      }
      expect(complaints, 'the browser complained').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** An appliance of each test's own, which its owner has entered. */
export function ownHouse(environment: Record<string, string> = {}): Appliance {
  const house = {} as Appliance;
  test.beforeEach(async ({ page }) => {
    Object.assign(house, await startAppliance({ environment }));
    await enter(page, house);
  });
  test.afterEach(() => house.stop());
  return house;
}

/** Signs in, or makes the first account when there is none yet. */
export async function enter(page: Page, appliance: Appliance): Promise<void> {
  const setup = (await (await fetch(`${appliance.origin}/api/v1/setup`)).json()) as {
    needed: boolean;
  };
  if (setup.needed) {
    await page.goto(appliance.welcome);
    await fillWelcome(page);
    await expect(page).toHaveURL(/\/clones\/new$/);
    return;
  }
  await page.goto(`${appliance.origin}/login`);
  await page.getByLabel(/^(E-mail|Adresse e-mail)$/).fill(OWNER.email);
  await page.getByLabel(/^(Password|Mot de passe)$/).fill(OWNER.password);
  await page.getByRole('button', { name: /^(Sign in|Se connecter)$/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(OWNER.name);
}

export async function fillWelcome(page: Page): Promise<void> {
  await page.getByLabel(/^(Your name|Votre nom)$/).fill(OWNER.name);
  await page.getByLabel(/^(E-mail|Adresse e-mail)$/).fill(OWNER.email);
  await page.getByLabel(/^(Password|Mot de passe)$/).fill(OWNER.password);
  await page.getByLabel(/^(I agree that this server|J’accepte que ce serveur)/).check();
  await page.getByRole('button', { name: /^(Create my account|Créer mon compte)$/ }).click();
}

/** Waits until what was told is found by meaning as well: embedding follows writing. */
export async function searchable(page: Page, id: string): Promise<void> {
  await expect
    .poll(
      () =>
        page.evaluate(async (cloneId) => {
          const path = `/api/v1/clones/${cloneId}/search?mode=vector&limit=100&q=dance`;
          const list = await fetch(`/api/v1/clones/${cloneId}/memories?limit=200`);
          const told = (await list.json()) as { items: unknown[] };
          const found = (await (await fetch(path)).json()) as {
            hits: unknown[];
          };
          return told.items.length - found.hits.length;
        }, id),
      { message: 'memories not yet found by meaning', timeout: 20_000 },
    )
    .toBe(0);
}

/** A clone with a few memories, made over the API with the cookie of the page. */
export async function seed(page: Page, name: string): Promise<string> {
  const id = await page.evaluate(async (cloneName) => {
    const send = async (path: string, body: unknown) => {
      const response = await fetch(`/api/v1${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as { id: string };
    };
    const clone = await send('/clones', {
      name: cloneName,
      subject: 'deceased',
      relationship: 'my grandmother',
      born: '1934',
      died: '2011~',
    });
    const path = `/clones/${clone.id}`;
    const stands = (await (await fetch(`/api/v1${path}/standing`)).json()) as {
      texts: { subject: string; text_sha256: string }[];
    };
    const shown = stands.texts.find((text) => text.subject === 'deceased');
    await send(`${path}/declarations`, {
      subject: 'deceased',
      text_sha256: shown?.text_sha256,
      relation: 'my grandmother',
      own_words: 'She raised me.',
    });
    await send(`${path}/people`, {
      name: 'Paul',
      relation: 'her husband',
      aliases: ['Paulchen'],
    });
    const told = [
      {
        title: 'The dance',
        content:
          'I met Paul at the dance in Lyon. It rained all night, and we did not notice. He asked me before he knew my name.',
        occurred_at: '1962-07',
        place: 'Lyon',
        people: ['Paul'],
        tags: ['love'],
      },
      {
        title: 'The bakery',
        content: 'My father had a bakery. Every morning at four the whole street smelled of bread.',
        occurred_at: '1941~',
        tags: ['childhood'],
      },
      {
        content: 'Never lend money to a man who polishes his shoes twice a day.',
        kind: 'quote',
      },
      {
        title: 'The garden',
        content: 'The garden behind the house had four apple trees. I planted the last one myself.',
        occurred_at: '1958/1994',
        place: 'Annecy',
        tags: ['garden'],
      },
    ];
    for (const memory of told) await send(`${path}/memories`, memory);
    return clone.id;
  }, name);
  await searchable(page, id);
  return id;
}

/** No serious or critical finding of the accessibility audit on the page as it stands. */
export async function audit(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  expect(grave, `accessibility of ${where}`).toEqual([]);
}

/** Nothing sticks out sideways: the page must not scroll horizontally. */
export async function fits(page: Page, where = 'the page'): Promise<void> {
  const beyond = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('main *, header *')]
      .filter((element) => element.getBoundingClientRect().right > width + 1)
      .map((element) =>
        `${element.tagName} ${element.className} ${element.textContent}`.slice(0, 80),
      );
  });
  expect(beyond, `horizontal overflow of ${where}`).toEqual([]);
}
