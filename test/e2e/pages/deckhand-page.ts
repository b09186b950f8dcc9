import { expect, type Locator, type Page } from "@playwright/test";
import type { RunningApp } from "../app.ts";

/** What a person does in the window, by the names they see. The same in Electron and in a browser. */
export class DeckhandPage {
  readonly page: Page;
  readonly #app: RunningApp;

  constructor(app: RunningApp) {
    this.#app = app;
    this.page = app.page;
  }

  async openFolder(directory: string): Promise<void> {
    await this.#app.chooseFolder(directory);
    await this.page.getByRole("button", { name: "Open folder" }).first().click();
    const path = this.page.getByRole("textbox", { name: "Path" });
    const project = this.page.getByRole("button", { name: new RegExp(`^Project ${directory.split("/").at(-1)}`) });
    await expect(path.or(project)).toBeVisible();
    if (await path.isVisible()) {
      await path.fill(directory);
      await this.page.getByRole("button", { name: "Open", exact: true }).click();
    }
    await expect(project).toBeVisible();
  }

  /** Starts the environment; where the folder is not trusted yet, approves what is shown. */
  async startEnvironment(): Promise<void> {
    await this.page.getByRole("button", { name: "Start environment" }).click();
    const trust = this.page.getByRole("button", { name: "Trust and run" });
    const starting = this.environmentState.filter({ hasNotText: "Stopped" });
    await expect(trust.or(starting)).toBeVisible();
    if (await trust.isVisible()) await trust.click();
  }

  async stopEnvironment(): Promise<void> {
    await this.page.getByRole("button", { name: "Stop environment" }).click();
  }

  get environmentState(): Locator {
    return this.page.getByRole("status", { name: "Environment state" });
  }

  service(name: string): Locator {
    return this.page.getByRole("row", { name, exact: true });
  }

  async go(place: "Environment" | "Logs" | "Chat"): Promise<void> {
    await this.page.getByRole("navigation", { name: "Projects" }).getByLabel(place, { exact: true }).click();
  }

  /** Runs a command of the palette by its title. */
  async command(title: string): Promise<void> {
    // Shortcuts rest while a dialog is open, also while it fades.
    await expect(this.page.getByRole("dialog")).toBeHidden();
    await this.page.keyboard.press("ControlOrMeta+k");
    await this.page.getByRole("combobox").fill(title);
    await this.page.getByRole("option", { name: title }).first().click();
  }

  get logLines(): Locator {
    return this.page.getByRole("log", { name: "Log lines" });
  }
}
