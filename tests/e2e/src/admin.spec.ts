/** The operator's page, in a browser without scripts: looked through, and an account suspended and let in again. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { Browser, BrowserContext, Page } from "playwright-core";

import { launchBrowser } from "./support/browser.js";
import { freePort } from "./support/port.js";
import { PHONE } from "./support/scene.js";
import { nameless } from "./support/screens.js";
import { issueToken, Server } from "./support/server.js";
import { STORES } from "./support/store.js";
import { WAIT_MS } from "./support/until.js";

const SECRET = "a secret that only the operator has";

for (const store of STORES) {
  describe(`the operator's page, on ${store}`, () => {
    let server: Server;
    let browser: Browser;
    let address: string;

    /** An operator's window. */
    async function operator(password: string): Promise<BrowserContext> {
      const context = await browser.newContext({
        viewport: PHONE,
        javaScriptEnabled: false,
        httpCredentials: { username: "operator", password },
      });
      context.setDefaultTimeout(WAIT_MS);
      return context;
    }

    before(async () => {
      const port = await freePort();
      address = `http://127.0.0.1:${port}/admin`;
      const flags = ["--metrics-listen", `127.0.0.1:${port}`, "--admin-secret", SECRET];
      server = await Server.start(store, { flags });
      browser = await launchBrowser();
      assert.equal(await createGroup(server, "Boats & more"), 201);
    });
    after(async () => {
      await browser?.close();
      await server?.remove();
    });

    test("is opened with the secret only", async () => {
      const context = await operator("another secret of somebody's");
      const page = await context.newPage();
      const answer = await page.goto(address);
      assert.equal(answer?.status(), 401);
      await context.close();
    });

    test("o6 an operator suspends an account, sees it suspended, and lifts that", async () => {
      const context = await operator(SECRET);
      const page = await context.newPage();
      await page.goto(address);
      await page.getByRole("link", { name: "Accounts" }).click();
      await page.getByRole("link", { name: "ann" }).click();
      await page.getByRole("button", { name: "Suspend" }).click();
      await page.getByRole("status").getByText("The account is suspended").waitFor();
      await page.getByRole("link", { name: "Suspensions" }).click();
      await page.getByRole("link", { name: "ann" }).waitFor();
      assert.equal(await createGroup(server, "Refused"), 403);
      await page.getByRole("button", { name: "Lift" }).click();
      await page.getByRole("status").getByText("The suspension is lifted").waitFor();
      await page.getByRole("link", { name: "Suspensions" }).click();
      await page.getByText("No account is suspended.").waitFor();
      assert.equal(await createGroup(server, "Back"), 201);
      await context.close();
    });

    test("o4 every page fits a phone, and its controls have names", async () => {
      const context = await operator(SECRET);
      const page = await context.newPage();
      for (const path of ["", "/sessions", "/suspensions", "/webhooks", "/quarantine", "/accounts?tenant=default"]) {
        await page.goto(`${address}${path}`);
        await fits(page);
      }
      await page.goto(`${address}/conversations?tenant=default`);
      await page.getByText("Boats & more").waitFor();
      await fits(page);
      await page.locator("table").getByRole("link").first().click();
      await page.getByRole("button", { name: "Squash" }).waitFor();
      await fits(page);
      await context.close();
    });
  });
}

/** The status of what Ann is answered who creates a group over HTTP. */
async function createGroup(server: Server, title: string): Promise<number> {
  const authorization = `Bearer ${await issueToken("ann", "1h")}`;
  const body = JSON.stringify({ kind: "group", title, members: ["bob"] });
  const headers = { authorization, "content-type": "application/json" };
  const answer = await fetch(`${server.url}/v1/conversations`, { method: "POST", headers, body });
  return answer.status;
}

async function fits(page: Page): Promise<void> {
  // Without scripts a page cannot be asked in its own words; the protocol can.
  const session = await page.context().newCDPSession(page);
  const { cssContentSize } = await session.send("Page.getLayoutMetrics");
  assert.ok(cssContentSize.width <= PHONE.width, `${page.url()} is ${cssContentSize.width} wide`);
  assert.deepEqual(await nameless(page), []);
  await session.detach();
}
