/**
 * Some libraries (toasts, scroll locks) put a `<style>` element into the page and know of no nonce. The policy of the page
 * allows styles with the nonce of this response only, so every style element made from here on gets it.
 * This module must be the first import of an entry: the libraries do it while they load.
 */
const meta = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]');

/** The nonce of this response, for libraries that take one. Undefined where the page is served without a policy. */
export const nonce = meta?.nonce || meta?.getAttribute("content") || undefined;

if (nonce) {
  const create = Document.prototype.createElement;
  Document.prototype.createElement = function (this: Document, ...parameters: Parameters<typeof create>) {
    const element = create.apply(this, parameters);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  } as typeof create;
}
