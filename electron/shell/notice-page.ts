/** A page of our own making, for when the real one cannot be shown: the host did not start, or the page keeps crashing. */

export interface NoticeAction {
  /** Becomes part of a path: lower-case letters only. */
  readonly id: string;
  readonly label: string;
}

export interface NoticePage {
  readonly title: string;
  /** What was tried and why it failed. */
  readonly message: string;
  /** What a person can do about it. */
  readonly next: string | null;
  readonly actions: readonly NoticeAction[];
}

/** Below this path an action of the shown notice is asked for. */
export const ACTION_PATH = "/~act/";

/** The notice as a document without any script; its one style sheet carries the nonce of the answer. */
export function renderNotice(notice: NoticePage, nonce: string): string {
  const actions = notice.actions
    .map(({ id, label }) => `<a href="${ACTION_PATH}${escapeHtml(id)}">${escapeHtml(label)}</a>`)
    .join("");
  const next = notice.next === null ? "" : `<p>${escapeHtml(notice.next)}</p>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(notice.title)} — Deckhand</title><style nonce="${nonce}">${STYLE}</style></head>
<body><main role="alert"><h1><span aria-hidden="true">▲</span> ${escapeHtml(notice.title)}</h1>
<p class="cause">${escapeHtml(notice.message)}</p>${next}<nav>${actions}</nav></main></body>
</html>`;
}

const STYLE = `
:root { color-scheme: light dark; --text: #1c1d1f; --quiet: #5b5e66; --ground: #fbfbfc; --bad: #b42318; --line: #d5d7dc; }
@media (prefers-color-scheme: dark) { :root { --text: #ececee; --quiet: #a2a5ad; --ground: #17181a; --bad: #ff7a6e; --line: #3a3c42; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--text);
  font: 13px/1.55 system-ui, sans-serif; }
main { max-width: 560px; padding: 32px; }
h1 { font-size: 17px; font-weight: 600; margin: 0 0 12px; }
h1 span { color: var(--bad); }
p { margin: 0 0 12px; color: var(--quiet); overflow-wrap: anywhere; }
.cause { color: var(--text); white-space: pre-wrap; }
nav { display: flex; gap: 8px; margin-top: 20px; }
a { color: var(--text); text-decoration: none; border: 1px solid var(--line); border-radius: 6px; padding: 5px 14px; }
a:hover { border-color: var(--quiet); }
a:focus-visible { outline: 2px solid #3b82f6; outline-offset: 2px; }`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
