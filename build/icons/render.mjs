// Draws the PNGs of this folder from its two SVGs, with the Chromium that the tests use. Run after changing an SVG:
//   node build/icons/render.mjs
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { findChromium } from "../machine.mjs";

const folder = import.meta.dirname;
const drawings = [
  ...[16, 32, 48, 64, 128, 256, 512, 1024].map((size) => ({ from: "icon", to: `${size}x${size}`, size, color: null })),
  { from: "icon", to: "icon", size: 512, color: null },
  // macOS draws a template image in the menu bar's own colour and finds the @2x file by its name.
  { from: "tray", to: "trayTemplate", size: 16, color: "#000000" },
  { from: "tray", to: "trayTemplate@2x", size: 32, color: "#000000" },
  // Panels elsewhere are dark or light and do not say so: a mid tone is seen on both.
  { from: "tray", to: "tray", size: 16, color: "#8f949e" },
  { from: "tray", to: "tray@2x", size: 32, color: "#8f949e" },
];

const browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  for (const { from, to, size, color } of drawings) {
    const svg = await readFile(join(folder, `${from}.svg`), "utf8");
    const fill = color === null ? "" : `svg { fill: ${color} }`;
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>body { margin: 0 } svg { display: block; width: ${size}px } ${fill}</style>${svg}`);
    await page.screenshot({ path: join(folder, `${to}.png`), omitBackground: true });
  }
} finally {
  await browser.close();
}
