/**
 * Whether a line of what docker compose says while it works is about a service: its name stands by itself, as in ` web Pulling`, or
 * in that of its container, as in ` Container deckhand-0123456789abcdef-web-1  Started`.
 */
export function isAbout(text: string, service: string, project: string): boolean {
  const container = `${project}-${service}-`;
  return text
    .split(/[^\w.-]+/)
    .some((word) => word === service || (word.startsWith(container) && /^\d+$/.test(word.slice(container.length))));
}
