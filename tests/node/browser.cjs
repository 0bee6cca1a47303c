// A real browser over the dashboard. Reads from stdin what to do ({address, chromium, pictures, steps}); prints what it found, one
// JSON object by step. It fails where a page does not do what it should.
const { readFileSync, mkdirSync } = require("node:fs");
const { join } = require("node:path");
const assert = require("node:assert/strict");
const { chromium } = require("playwright-core");
const { source: axe } = require("axe-core");

const asked = JSON.parse(readFileSync(0, "utf8"));
const PAGES = ["/", "/failures", "/deliveries", "/clocks", "/review", "/reclaims", "/organisations", "/organisations/QKS", "/rejections", "/journey", "/explain", "/operations"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const url = (path) => new URL(path, asked.address).href;
const name = (path) => path.replaceAll("/", "-").replace(/^-/, "") || "overview";

// What a page logs as an error, and what its policy forbids: there is nothing of either.
function listen(page, told) {
  page.on("pageerror", (error) => told.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") told.push(`${page.url()}: ${message.text()}`); });
}

async function fresh(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const told = [];
  listen(page, told);
  const close = async () => { await context.close(); assert.deepEqual(told, []); };
  return { page, close };
}

const picture = (page, file) => page.screenshot({ path: join(asked.pictures, `${file}.png`), fullPage: true });

// The tool is brought in by the driver, around the page's policy, which holds for what the page itself does.
async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return violations.map(({ id, help, nodes }) => `${page.url()}: ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html).join(" ")}`);
}

const steps = {
  // Every page in light and dark, as axe judges it, at 320 pixels, and without a script.
  async look(browser) {
    const found = [];
    for (const scheme of ["light", "dark"]) {
      const { page, close } = await fresh(browser, { colorScheme: scheme });
      for (const path of PAGES) {
        const answer = await page.goto(url(path));
        assert.equal(answer.status(), 200, path);
        assert.match(answer.headers()["content-security-policy"], /default-src 'self'/);
        found.push(...await accessible(page));
        await picture(page, `${name(path)}-${scheme}`);
      }
      await close();
    }
    // 1280 pixels at 400 % are 320; what is wide moves in a region of its own, the page does not.
    for (const width of [640, 320]) {
      const { page, close } = await fresh(browser, { viewport: { width, height: 800 } });
      for (const path of PAGES) {
        await page.goto(url(path));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${path} is ${over} pixels too wide at ${width}`);
        if (["/", "/deliveries"].includes(path)) await picture(page, `${name(path)}-${width}`);
      }
      await close();
    }
    const { page, close } = await fresh(browser, { javaScriptEnabled: false });
    for (const path of PAGES) {
      await page.goto(url(path));
      assert.ok((await page.locator("main").innerText()).length > 40, `${path} is empty without a script`);
    }
    await close();
    return { violations: found };
  },

  async keys(browser) {
    const { page, close } = await fresh(browser);
    await page.goto(url("/deliveries"));
    await page.keyboard.press("?");
    assert.ok(await page.locator("#keys").isVisible(), "? shows the keys");
    await page.keyboard.press("Escape");
    await page.locator("#keys").waitFor({ state: "hidden" });
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    assert.equal(await page.locator("input[name=id]:checked").count(), 2, "x selects the row that j reached");
    assert.match(await page.locator("#selected").innerText(), /2/);
    await page.keyboard.press("k");
    assert.equal(await page.locator("tr.current").count(), 1);
    await page.goto(url("/deliveries?limit=1"));
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/before=/);
    await page.waitForFunction(() => document.getElementById("selected")?.textContent.includes("1"));
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    assert.match(await page.locator("#selected").innerText(), /2, 1 of them on other pages/, "a selection outlives paging");
    await page.keyboard.press("r");
    assert.equal(await page.evaluate(() => document.activeElement.name), "reason", "r asks for the reason of a retry");
    await page.locator("main h1").click();
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search", "/ searches");
    await page.keyboard.type("nothing-has-this-id");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing in the ledger has this id.").waitFor();
    await page.goto(url("/"));
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to main content");
    await page.context().close();
    return {};
  },

  // A group of failures is retried, step by step, and the page says what came of it.
  async retry(browser) {
    const { page, close } = await fresh(browser);
    await page.goto(url("/failures"));
    const card = page.locator("article").filter({ hasText: "Dead letter" }).first();
    await card.locator("summary").click();
    await card.locator("input[name=reason]").fill("their fault is mended");
    await picture(page, "failures-open");
    await card.getByRole("button", { name: /^Retry all/ }).click();
    await page.waitForURL(/\/operations\/[0-9a-f-]+$/);
    await page.locator("p.lead", { hasText: /^(Done|Stopped|Cancelled|Failed)/ }).waitFor({ timeout: 90_000 });
    await picture(page, "operation");
    const sentence = await page.locator("p.lead").innerText();
    await close();
    return { sentence };
  },

  async decide(browser) {
    const { page, close } = await fresh(browser);
    await page.goto(url("/review"));
    await page.locator("tr[data-row] a").first().click();
    await page.getByLabel("Another organisation").check();
    await page.locator("#other").fill("E06000043");
    await page.locator("#reason").fill("the council says so");
    await picture(page, "question");
    const found = await accessible(page);
    await page.getByRole("button", { name: "Decide" }).click();
    await page.waitForURL(/\/operations\//);
    await page.getByText("Your decision is in the child's timeline.").waitFor();
    const sentence = await page.locator("p.lead").innerText();
    await close();
    return { sentence, violations: found };
  },

  // A journey, and its content for a reason.
  async reveal(browser) {
    const { page, close } = await fresh(browser);
    await page.goto(url(`/journey?id=${asked.id}`));
    await picture(page, "journey-found");
    const found = await accessible(page);
    const journey = await page.locator("main").innerText();
    await page.getByRole("link", { name: "Show what was sent" }).first().click();
    const masked = await page.locator("main").innerText();
    await page.getByLabel("Why do you need to see it?").fill("the ward asks");
    await page.getByRole("button", { name: "Show what was sent" }).click();
    const content = await page.locator("pre").innerText();
    await close();
    return { journey, masked, content, violations: found };
  },

  async explain(browser) {
    const { page, close } = await fresh(browser);
    await page.goto(url("/explain"));
    await page.getByLabel("Document").fill(asked.document);
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Who is told what").first().waitFor();
    await picture(page, "explained");
    const found = await accessible(page);
    const text = await page.locator("main").innerText();
    await close();
    return { text, violations: found };
  },

  async pause(browser) {
    const { page, close } = await fresh(browser);
    await page.goto(url("/organisations/QKS"));
    await page.locator("#reason").fill("their change window");
    await page.getByRole("button", { name: "Pause, or plan a window" }).click();
    await page.getByText("Nothing is sent to QKS from now on.").waitFor();
    await page.goto(url("/"));
    await page.locator("tr", { hasText: "QKS" }).getByText("Paused").waitFor();
    await page.goto(url("/organisations/QKS"));
    await page.getByRole("button", { name: "Resume now" }).click();
    await page.getByText("QKS is not paused now.").waitFor();
    await close();
    return {};
  },
};

(async () => {
  mkdirSync(asked.pictures, { recursive: true });
  const browser = await chromium.launch({ executablePath: asked.chromium, args: FLAGS });
  try {
    const found = {};
    for (const step of asked.steps) found[step] = await steps[step](browser);
    process.stdout.write(JSON.stringify(found));
  } finally {
    await browser.close();
  }
})().catch((error) => { console.error(error); process.exit(1); });
