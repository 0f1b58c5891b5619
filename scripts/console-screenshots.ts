/**
 * Makes the pictures of the console in docs/, with a browser and a server of its own:
 * `node --import tsx scripts/console-screenshots.ts`.
 */
import { chromium } from "playwright-core";
import { TestServer } from "../tests/helpers/server.ts";

const VIEWPORT = { width: 1200, height: 800 };

const server = await TestServer.start({ ISOLATE_ENGINE: "none" });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  const page = await browser.newPage({ viewport: VIEWPORT });
  await page.goto(`${server.url}/`);
  for (const example of ["Hello", "Input", "Network denied", "Logs over time"]) {
    await page.getByLabel("Example").selectOption(example);
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("region", { name: "Answer" }).waitFor();
  }
  await page.getByRole("button", { name: "Show plan" }).click();
  await page.getByRole("region", { name: "Plan" }).waitFor();
  await page.screenshot({ path: "docs/console-run.png" });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("link", { name: "Executions" }).click();
  await page.getByRole("region", { name: "List of executions" }).waitFor();
  await page.screenshot({ path: "docs/console-executions.png" });
} finally {
  await browser.close();
  await server.dispose();
}
