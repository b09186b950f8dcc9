import { randomBytes } from "node:crypto";

/** The build writes this in place of the nonce (`html.cspNonce` of the Vite configuration); each answer replaces it. */
export const NONCE_PLACEHOLDER = "__CSP_NONCE__";

/** A fresh nonce, for one answer only: 128 random bits, the least that the CSP specification asks for. */
export function createNonce(): string {
  return randomBytes(16).toString("base64url");
}

/** The page with this answer's nonce in it. */
export function withNonce(html: string, nonce: string): string {
  return html.replaceAll(NONCE_PLACEHOLDER, nonce);
}

/**
 * The headers of every answer that belongs to the page, in the window and in a browser alike.
 *
 * The policy is the tightest that our libraries run under: no inline script and no eval at all; inline `<style>` only with
 * the nonce; `style` attributes are open because terminal colours and diffs set them. Images from elsewhere are closed so
 * that a model's markdown cannot carry data out.
 *
 * @param page.connect Sources of `connect-src`. Empty in the window, whose data comes over a MessagePort; the WebSocket's
 *   address in a browser.
 */
export function pageHeaders(page: {
  readonly nonce: string;
  readonly connect: readonly string[];
}): Record<string, string> {
  return {
    "Content-Security-Policy": contentSecurityPolicy(page.nonce, page.connect),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": CLOSED_FEATURES.map((feature) => `${feature}=()`).join(", "),
  };
}

/** Features of a browser that the page never needs. */
const CLOSED_FEATURES = [
  "camera",
  "display-capture",
  "geolocation",
  "hid",
  "microphone",
  "midi",
  "payment",
  "publickey-credentials-get",
  "screen-wake-lock",
  "serial",
  "usb",
] as const;

function contentSecurityPolicy(nonce: string, connect: readonly string[]): string {
  if (!/^[\w+/=-]+$/.test(nonce)) throw new Error("A nonce may hold only the characters of base64.");
  const bad = connect.find((source) => /[\s;,]/.test(source) || source === "");
  if (bad !== undefined) throw new Error(`${JSON.stringify(bad)} is not a source of a Content-Security-Policy.`);
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${connect.length === 0 ? "'none'" : connect.join(" ")}`,
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");
}
