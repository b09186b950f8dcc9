import { expect, type Locator, type Page } from "@playwright/test";

/** The chat of the chosen workspace. */
export class ChatPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Starts the server where it is not running, and opens a session. */
  async newSession(): Promise<void> {
    const start = this.page.getByRole("main").getByRole("button", { name: "Start OpenCode server" });
    const create = this.page.getByRole("button", { name: "New session" }).first();
    await expect(start.or(create).first()).toBeVisible();
    if (await start.isVisible()) await start.click();
    await expect(create).toBeVisible({ timeout: 40_000 });
    await create.click();
    await expect(this.message).toBeVisible();
  }

  async send(text: string): Promise<void> {
    await this.message.fill(text);
    await this.message.press("Enter");
  }

  get message(): Locator {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  get answers(): Locator {
    return this.page.getByRole("article", { name: "Agent" });
  }

  tool(name: string): Locator {
    return this.page.getByRole("region", { name: new RegExp(`^Tool ${name}`) });
  }

  get permission(): Locator {
    return this.page.getByRole("group", { name: /^Permission/ });
  }

  get stop(): Locator {
    return this.page.getByRole("button", { name: "Stop the turn" });
  }
}
