/** The one address of the window's page. Everything the window may load lies below it. */
export const PAGE_SCHEME = "app";
export const PAGE_HOST = "deckhand";
export const PAGE_ORIGIN = `${PAGE_SCHEME}://${PAGE_HOST}`;
export const PAGE_URL = `${PAGE_ORIGIN}/`;

/** Whether a URL belongs to our page. Compared part by part as parsed: a prefix of the text proves nothing. */
export function isOwnPage(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    url.protocol === `${PAGE_SCHEME}:` &&
    url.hostname === PAGE_HOST &&
    url.port === "" &&
    url.username === "" &&
    url.password === ""
  );
}
