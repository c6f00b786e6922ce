// Hostile text in everything that shows text: it stays text, and nothing leaves.
import type { APIRequestContext, Page } from '@playwright/test';
import { CANARY, LEAK, PAYLOADS } from '../corpus.ts';
import { enter, environmentFor, expect, OWNER, test, watch } from '../fixtures.ts';
import { startModel, type ModelServer } from '../model.ts';
import { post, type Sentry } from '../sentry.ts';
import { startAppliance, type Appliance } from '../server.ts';

let model: ModelServer;
let house: Appliance;

test.setTimeout(180_000);
// Pages of hundreds of texts that change at every letter: a trace of it takes longer than the test.
test.use({ trace: 'off' });

test.beforeAll(async () => {
  model = await startModel();
  house = await startAppliance({ environment: environmentFor(model) });
});

test.afterAll(async () => {
  await house.stop();
  await model.stop();
});

let sentry: Sentry;
test.beforeEach(async ({ page, context }) => {
  sentry = await post(context, house.origin);
  await enter(page, house);
});

test.afterEach(() => {
  model.says = null;
  expect(sentry.seen(), 'hostile text did something').toEqual([]);
});

/** The payloads that a field takes, each of them once, in turn. */
const fitting = (most: number) => PAYLOADS.filter((payload) => [...payload].length <= most);
const from = (list: readonly string[], i: number) => list[i % list.length] ?? '';

/** Calls the API as the page's own scripts do. */
async function send<T = { id: string }>(
  request: APIRequestContext,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const answer = await request.fetch(`${house.origin}/api/v1${path}`, {
    method,
    headers: {
      Origin: house.origin,
      'Sec-Fetch-Site': 'same-origin',
      Accept: 'application/json',
    },
    ...(body ? { data: body } : {}),
  });
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
  return (answer.status() === 204 ? {} : await answer.json()) as T;
}

/** Does something with each, a few at a time. */
async function each<T>(list: readonly T[], act: (item: T, i: number) => Promise<unknown>) {
  const rest = list.entries();
  const worker = async () => {
    for (const [i, item] of rest) await act(item, i);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}

const NUMBER = new RegExp(`${CANARY}\\((\\d+)\\)|${LEAK.replace('.', '\\.')}/(\\d+)`, 'g');
const numbers = (text: string) =>
  new Set([...text.matchAll(NUMBER)].map((found) => found[1] ?? found[2]));

/** Which of the payloads can be read on the page. */
async function read(page: Page, within = 'body'): Promise<Set<string | undefined>> {
  const text = await page.evaluate((within) => {
    const fields = [...document.querySelectorAll<HTMLInputElement>('input, textarea')];
    const words = [...document.querySelectorAll(within)].map((node) => node.textContent);
    return [...words, ...fields.map((field) => field.value)].join('\n');
  }, within);
  return numbers(text);
}

/** What a person would see of the whole corpus, if it is all there. */
const readable = numbers(PAYLOADS.join('\n')).size;

async function open(page: Page, path: string): Promise<void> {
  await page.goto(`${house.origin}${path}`);
  await expect(page.getByRole('heading', { level: 1 }).first()).toBeAttached();
  await expect(page.getByText('One moment…')).toBeHidden();
}

test('the corpus is large, and no two are alike', () => {
  expect(new Set(PAYLOADS.map((payload) => payload.replace(/\d+/g, '#'))).size).toBeGreaterThan(
    500,
  );
});

test('the sentry sees what it is there to see', async ({ browser }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  await watch(page, complaints);
  const own = await post(context, house.origin);
  await page.goto(house.origin);
  await page.evaluate((leak) => {
    (window as unknown as { canary: (n: number) => void }).canary(-1);
    const picture = document.createElement('img');
    picture.src = `https://${leak}/-1`;
    document.body.append(picture);
    const link = document.createElement('a');
    link.href = `https://${leak}/-2`;
    document.body.append(link);
    try {
      document.body.innerHTML = '<img src=x onerror=canary(-2)>';
    } catch {
      // What trusted types are for.
    }
    alert('hello');
  }, LEAK);
  await expect.poll(() => own.ran).toEqual(['ran: payload -1']);
  expect(own.left).toContain('dialog: hello');
  expect(own.made.join()).toContain('is banned: <img');
  expect(own.made.join()).toContain('without a leash: <a');
  await expect.poll(() => complaints.join('\n')).toContain(`policy: img-src https://${LEAK}/-1`);
  expect(complaints.join('\n')).toContain('policy: require-trusted-types-for');
  // Without the policy, a picture would leave.
  const bare = await context.newPage();
  await bare.route(`${house.origin}/bare`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<img src="https://${LEAK}/-3">`,
    }),
  );
  await bare.goto(`${house.origin}/bare`);
  await expect.poll(() => own.left.join()).toContain(`asked: https://${LEAK}/-3`);
  await context.close();
});

test('memories, their facts, their search, their trash', async ({ page }) => {
  const { id } = await send(page.request, 'POST', '/clones', { name: 'Rosa' });
  const long = fitting(300);
  const short = fitting(200);
  const memories = PAYLOADS.map((content, i) => ({
    content,
    title: from(long, i + 1),
    place: from(short, i + 2),
    people: [from(short, i + 3)],
    tags: [from(short, i + 4), 'x'],
    occurred_text: from(short, i + 5),
    kind: i % 7 === 0 ? 'quote' : 'story',
  }));
  const made = await send<{ created: number; failed: unknown[] }>(
    page.request,
    'POST',
    `/clones/${id}/memories/batch`,
    { memories },
  );
  expect([made.created, made.failed]).toEqual([PAYLOADS.length, []]);
  await each(short.slice(0, 200), (name, i) =>
    send(page.request, 'POST', `/clones/${id}/people`, {
      name,
      relation: from(short, i + 200),
      aliases: [from(short, i + 300)],
      notes: from(PAYLOADS, i + 400),
    }),
  );
  await open(page, `/clones/${id}/memories`);
  for (;;) {
    const cards = page.getByRole('article');
    const before = await cards.count();
    if (before >= PAYLOADS.length) break;
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => cards.count()).toBeGreaterThan(before);
  }
  expect((await read(page)).size).toBe(readable);
  await page.getByRole('button', { name: 'Edit' }).first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  for (const part of ['timeline', 'people']) {
    await open(page, `/clones/${id}/${part}`);
    expect((await read(page)).size).toBeGreaterThan(150);
  }
  await open(page, `/clones/${id}/memories`);
  const box = page.getByLabel('Search the memories');
  for (let i = 0; i < PAYLOADS.length; i += 23) {
    await box.fill(PAYLOADS[i] ?? '');
    await expect(page.getByRole('article').or(page.getByText('Nothing')).first()).toBeVisible();
  }
  const { items } = await send<{ items: { id: string }[] }>(
    page.request,
    'GET',
    `/clones/${id}/memories?limit=100`,
  );
  await each(items, (memory) =>
    send(page.request, 'DELETE', `/clones/${id}/memories/${memory.id}`),
  );
  await open(page, '/trash');
  await open(page, '/');
});

/** A clone with something to answer from, whose model may say anything. */
async function talker(page: Page, name: string, memories: object[]): Promise<string> {
  const { id } = await send(page.request, 'POST', '/clones', { name });
  await send(page.request, 'POST', `/clones/${id}/memories/batch`, {
    memories,
  });
  await send(page.request, 'PATCH', `/clones/${id}/settings`, {
    grounding: 'free',
  });
  return id;
}

/** Cuts a text where nobody would: never at the same places twice. */
function pieces(text: string, seed: number): string[] {
  const points = [...text];
  const cut: string[] = [];
  for (let state = seed + 1; points.length > 0;) {
    state = (state * 48_271) % 2_147_483_647;
    cut.push(points.splice(0, 1 + (state % 9)).join(''));
  }
  return cut;
}

test('answers of a model, each by itself, and what they quote', async ({ page }) => {
  const memories = PAYLOADS.slice(0, 60).map((text, i) => ({
    content: `The payload ${text}`,
    title: from(fitting(300), i + 60),
  }));
  const id = await talker(page, 'Jutta', memories);
  model.says = (question) => {
    const n = Number(/question (\d+)/.exec(question)?.[1]);
    return pieces(`${PAYLOADS[n] ?? ''}`, n);
  };
  const EACH = 25;
  const talks = Array.from({ length: Math.ceil(PAYLOADS.length / EACH) }, (_, i) => i * EACH);
  const kept: { talk: string; count: number }[] = [];
  await each(talks, async (first) => {
    const talk = await send(page.request, 'POST', `/clones/${id}/conversations`, {
      title: from(fitting(200), first + 7),
    });
    const end = Math.min(first + EACH, PAYLOADS.length);
    kept.push({ talk: talk.id, count: end - first });
    for (let n = first; n < end; n++) {
      await send(page.request, 'POST', `/conversations/${talk.id}/messages`, {
        content: `The payload of question ${n}: ${PAYLOADS[PAYLOADS.length - 1 - n]}`,
      });
    }
  });
  const answered = new Set<string | undefined>();
  for (const { talk, count } of kept) {
    await open(page, `/clones/${id}?c=${talk}`);
    await expect(page.getByRole('article')).toHaveCount(count);
    (await read(page, 'article')).forEach((n) => answered.add(n));
  }
  // A picture without a word for it, or a definition that nothing refers to, shows nothing.
  expect(answered.size).toBeGreaterThan(0.8 * readable);
});

test('answers as they are written, whole, letter by letter and cut at random', async ({ page }) => {
  const id = await talker(page, 'Karla', [{ content: 'We met at the dance in Lyon.' }]);
  // Short ones where every letter is a new state of all that is there so far.
  const ways: { each: number; of: number; cut: (text: string, seed: number) => string[] }[] = [
    { each: 35, of: 1, cut: (text) => [text] },
    { each: 4, of: 4, cut: (text) => [...text] },
    { each: 10, of: 1, cut: pieces },
  ];
  let states = 0;
  let asked = 0;
  for (const { each, of, cut } of ways) {
    const texts = PAYLOADS.filter((_, i) => i % of === 0);
    await open(page, `/clones/${id}`);
    for (let first = 0; first < texts.length; first += each) {
      const text = texts.slice(first, first + each).join('\n\n');
      model.says = () => cut(`${text}\n\nThat is all [1].`, first);
      await page.getByRole('textbox').fill(`Where did you dance? ${(asked += 1)}`);
      await page.keyboard.press('Enter');
      await expect(page.getByRole('article')).toHaveCount(1 + first / each);
      await expect(page.getByRole('button', { name: 'Send' })).toBeVisible({ timeout: 20_000 });
    }
    states += await page.evaluate(
      () => (window as unknown as { sentryStates: number }).sentryStates,
    );
  }
  expect(states).toBeGreaterThan(2_000);
  console.log(`${PAYLOADS.length} payloads, ${asked} answers, ${states} states looked at`);
});

test('sources of an answer, quoted and opened', async ({ page }) => {
  const memories = PAYLOADS.filter((_, i) => i % 15 === 0).map((text, i) => ({
    content: `We danced ${i} times. ${text}`,
    title: from(fitting(300), i * 15 + 1),
    place: from(fitting(200), i * 15 + 2),
  }));
  const id = await talker(page, 'Lena', memories);
  await send(page.request, 'PATCH', `/clones/${id}/settings`, { grounding: 'verbatim' });
  for (let i = 0; i < memories.length; i += 8) {
    await open(page, `/clones/${id}`);
    await page.getByRole('textbox').fill(`When did we dance ${i} times?`);
    await page.keyboard.press('Enter');
    const source = page.getByRole('button', { name: 'Open source 1' }).first();
    await source.click();
    await expect(page.getByRole('dialog').locator('mark').first()).toBeVisible();
    await page.keyboard.press('Escape');
  }
});

test('clones and all that is said about them', async ({ page }) => {
  const short = fitting(200);
  const field = (i: number, f: number) => from(short, i * 9 + f);
  const ids: string[] = [];
  await each(
    Array.from({ length: 99 }, (_, i) => i),
    async (i) => {
      const clone = await send(page.request, 'POST', '/clones', {
        name: field(i, 0),
        description: field(i, 1),
        greeting: field(i, 2),
        biography: field(i, 3),
        relationship: field(i, 4),
        style: field(i, 5),
        instructions: field(i, 6),
        traits: [from(fitting(100), i * 2)],
        tags: [from(fitting(100), i * 2 + 1)],
      });
      ids.push(clone.id);
    },
  );
  const seen = new Set<string | undefined>();
  await open(page, '/');
  (await read(page)).forEach((n) => seen.add(n));
  for (const id of ids.filter((_, i) => i % 5 === 0)) {
    await open(page, `/clones/${id}`);
    await open(page, `/clones/${id}/settings`);
    (await read(page)).forEach((n) => seen.add(n));
  }
  expect(seen.size).toBeGreaterThan(200);
});

test('people, spaces, keys, notices and invitations', async ({ page, context }) => {
  const label = fitting(100);
  const own = await context.request.get(`${house.origin}/api/v1/auth/me`);
  const { email, display_name } = (await own.json()) as { email: string; display_name: string };
  await each(label.slice(0, 50), (_, i) =>
    send(page.request, 'POST', '/api-keys', { label: from(label, i * 13), scopes: ['read'] }),
  );
  const spaces: string[] = [];
  await each(label.slice(0, 90), async (_, i) => {
    const space = await send(page.request, 'POST', '/spaces', { name: from(label, i * 7) });
    spaces.push(space.id);
  });
  const topics = ['api_key_created', 'space_invitation', 'break_glass', 'new_device'];
  for (let i = 0; i < PAYLOADS.length; i += 4) {
    const detail = from(fitting(250), i);
    await house.operate({ do: 'tell', email, topic: topics[(i / 4) % 4], detail });
  }
  for (const [path, least] of [
    ['/account/developer', 40],
    ['/spaces', 80],
    ['/notifications', 120],
    ['/clones/new', 80],
  ] as const) {
    await open(page, path);
    expect((await read(page)).size, path).toBeGreaterThan(least);
  }
  const links: string[] = [];
  for (const [i, id] of spaces.slice(0, 12).entries()) {
    await send(page.request, 'PATCH', '/auth/me', { display_name: from(label, i * 31) });
    const { token } = await send<{ token: string }>(
      page.request,
      'POST',
      `/spaces/${id}/invitations`,
      { role: 'visitor', email: `"<b onclick=canary(${i})>"@example.org` },
    ).catch(() =>
      send<{ token: string }>(page.request, 'POST', `/spaces/${id}/invitations`, {
        role: 'visitor',
      }),
    );
    links.push(`/invitation?token=${token}`);
    await open(page, `/spaces/${id}`);
    await open(page, '/');
    await open(page, '/account');
  }
  await send(page.request, 'PATCH', '/auth/me', { display_name });
  await context.clearCookies();
  for (const link of links) {
    await open(page, link);
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Invitation to');
  }
});

test('addresses, failures and what a program calls itself', async ({ page, playwright }) => {
  const texts = PAYLOADS.filter((_, i) => i % 22 === 0);
  for (const text of texts) {
    const said = encodeURIComponent(text);
    const path = from(
      [
        `/nowhere/${said}`,
        `/clones/${said}`,
        `/spaces/${said}`,
        `/account?problem=${said}`,
        `/clones/new?space=${said}`,
        `/${said}`,
      ],
      texts.indexOf(text),
    );
    await open(page, path);
  }
  const stranger = await playwright.request.newContext({ baseURL: house.origin });
  const headers = { Origin: house.origin, 'Sec-Fetch-Site': 'same-origin' };
  for (const [i, text] of PAYLOADS.entries()) {
    const said = encodeURIComponent(text);
    const asked =
      i % 3 === 0
        ? stranger.get(`/api/v1/${said}`)
        : i % 3 === 1
          ? stranger.get(`/${said}?x=${said}`, { headers: { Accept: 'application/json' } })
          : stranger.post('/api/v1/auth/verify-nothing', { headers, data: { [text]: text } });
    const answer = await asked;
    expect(answer.headers()['content-type']).toBe('application/problem+json');
    expect(answer.headers()['x-content-type-options']).toBe('nosniff');
    expect(await answer.text()).not.toContain(CANARY);
  }
  // The name that a program gives itself is shown among the open sign-ins.
  for (const text of texts.filter((text) => /^[\x20-\x7e]+$/.test(text)).slice(0, 12)) {
    const answer = await stranger.post('/api/v1/auth/login', {
      headers: { ...headers, 'User-Agent': text },
      data: { email: OWNER.email, password: OWNER.password },
    });
    expect(answer.ok()).toBe(true);
  }
  await open(page, '/account/security');
  await expect(page.getByRole('button', { name: /^Sign out / }).first()).toBeVisible();
  // Pages before signing in, with texts in what they are given.
  await page.context().clearCookies();
  for (const text of texts) {
    const said = encodeURIComponent(text);
    const path = from(
      [
        `/login?next=${said}`,
        `/login?problem=${said}`,
        `/verify?token=${said}`,
        `/reset?token=${said}`,
        `/invitation?token=${said}`,
        `/welcome?token=${said}`,
      ],
      texts.indexOf(text),
    );
    await open(page, path);
  }
  // An address that was disguised leads home, not away.
  for (const next of ['javascript:canary(-1)', `//${LEAK}/-1`, `/\\${LEAK}`, 'data:text/html,x']) {
    await page.context().clearCookies();
    await open(page, `/login?next=${encodeURIComponent(next)}`);
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page).toHaveURL(`${house.origin}/`);
    await page.reload();
  }
  await stranger.dispose();
});

test('files to keep are files, not pages', async ({ page }) => {
  const { id } = await send(page.request, 'POST', '/clones', { name: from(PAYLOADS, 0) });
  const talk = await send(page.request, 'POST', `/clones/${id}/conversations`, {
    title: from(fitting(200), 3),
  });
  await send(page.request, 'POST', `/conversations/${talk.id}/messages`, {
    content: PAYLOADS.join('\n').slice(0, 19_000),
  });
  const types = { json: 'application/json', txt: 'text/plain', md: 'text/markdown' };
  for (const [format, type] of Object.entries(types)) {
    const file = await page.request.get(
      `${house.origin}/api/v1/conversations/${talk.id}/export?format=${format}`,
    );
    expect(file.headers()['content-type']).toMatch(new RegExp(`^${type}`));
    expect(file.headers()['content-disposition']).toBe(
      `attachment; filename="conversation.${format}"`,
    );
    expect(file.headers()['x-content-type-options']).toBe('nosniff');
    expect(file.headers()['content-security-policy']).toContain("default-src 'none'");
    expect(numbers(await file.text()).size).toBeGreaterThan(100);
  }
});
