// What one allows: shown word for word, taken back with a click, asked again when it changed.
import { execFileSync } from "node:child_process";
import {
  audit,
  environmentFor,
  expect,
  fillWelcome,
  OWNER,
  test,
} from "../fixtures.ts";
import { startAppliance } from "../server.ts";

test("outside services are asked about, kept away from, and allowed with a click", async ({
  page,
  model,
}) => {
  const appliance = await startAppliance({
    environment: {
      ...environmentFor(model),
      CLONEMEMORIA_LLM_THIRD_PARTY: "true",
    },
  });
  try {
    await page.goto(appliance.welcome);
    await expect(
      page.getByText("It is not sent anywhere else unless you allow it"),
    ).toBeVisible();
    await fillWelcome(page);
    await expect(
      page.getByRole("heading", { name: "Who do you want to remember?" }),
    ).toBeVisible();
    const send = (path: string, data: unknown) =>
      page.request.post(`${appliance.origin}/api/v1${path}`, {
        data,
        headers: { origin: appliance.origin },
      });
    const made = (await (await send("/clones", { name: "Lena" })).json()) as {
      id: string;
    };
    await send(`/clones/${made.id}/memories`, {
      content: "We met at the dance in Lyon.",
    });
    const before = model.requests.length;
    await page.goto(`${appliance.origin}/clones/${made.id}`);
    await page.getByRole("textbox").fill("Where did you meet?");
    await page.keyboard.press("Enter");
    const answer = page.getByRole("article").last();
    await expect(answer).toContainText("you have not allowed outside services");
    await expect(answer).toContainText("We met at the dance in Lyon.");
    expect(model.requests).toHaveLength(before);
    await answer.getByRole("link", { name: "See what you allow" }).click();
    const outside = page.getByRole("checkbox", { name: /^Outside services/ });
    await expect(
      page.getByText("These services are: 127.0.0.1."),
    ).toBeVisible();
    await expect(outside).not.toBeChecked();
    await audit(page, "consents");
    await outside.check();
    await expect(page.getByText(/^Given on/)).toHaveCount(2);
    await page.getByText("Earlier choices").click();
    await expect(page.getByText("(in the app, ")).toBeVisible();
    await page.goto(`${appliance.origin}/clones/${made.id}`);
    await page.getByRole("textbox").fill("Where did you meet Paul?");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("article").last()).toContainText("all night.");
    expect(model.requests.length).toBeGreaterThan(before);
    await page.goto(`${appliance.origin}/account`);
    await outside.uncheck();
    await expect(page.getByText(/^Withdrawn on/)).toBeVisible();
  } finally {
    await appliance.stop();
  }
});

test("everything can be taken along, and read without the server", async ({
  page,
  browser,
}, info) => {
  const appliance = await startAppliance();
  await page.goto(appliance.welcome);
  await fillWelcome(page);
  await expect(
    page.getByRole("heading", { name: "Who do you want to remember?" }),
  ).toBeVisible();
  const send = (path: string, data: unknown) =>
    page.request.post(`${appliance.origin}/api/v1${path}`, {
      data,
      headers: { origin: appliance.origin },
    });
  const made = (await (await send("/clones", { name: "Lena" })).json()) as {
    id: string;
  };
  const told = {
    content: "We met at the dance <b>in Lyon</b>.",
    occurred_at: "1962-07",
  };
  await send(`/clones/${made.id}/memories`, told);
  await appliance.advance(6 * 60);
  await page.goto(`${appliance.origin}/account`);
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Take everything along" }).click();
  await page.getByLabel("Password").fill(OWNER.password);
  await page
    .getByRole("dialog")
    .getByRole("button", { name: "Confirm" })
    .click();
  const file = await coming;
  expect(file.suggestedFilename()).toBe("memories.zip");
  await expect(page.getByText(/^Last taken along on/)).toBeVisible();
  await audit(page, "taking along");
  const folder = info.outputPath("taken");
  await file.saveAs(`${folder}.zip`);
  execFileSync("python3", ["-m", "zipfile", "-e", `${folder}.zip`, folder]);
  // Another browser, elsewhere and later.
  const reader = await browser.newPage({
    offline: true,
    javaScriptEnabled: false,
  });
  await reader.goto(`file://${folder}/index.html`);
  await expect(
    reader.getByRole("heading", { name: "Your memories of Lena" }),
  ).toBeVisible();
  await expect(reader.getByRole("heading", { name: "1962" })).toBeVisible();
  await expect(
    reader.getByText("We met at the dance <b>in Lyon</b>."),
  ).toBeVisible();
  await reader.close();
  await appliance.stop();
});
