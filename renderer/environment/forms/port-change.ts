/** Another number for one port of a service, and the others as they are. Pure. */
import type { PortDraft } from "#shared/schema/service-edit.ts";

/** Null: it has no such port. */
export function withPort(ports: readonly PortDraft[], from: number, to: number): PortDraft[] | null {
  if (!ports.some(({ prefer }) => prefer === String(from))) return null;
  return ports.map((port) => (port.prefer === String(from) ? { ...port, prefer: String(to) } : port));
}
