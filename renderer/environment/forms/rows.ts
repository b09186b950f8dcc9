/** Rows of a form that come and go: each keeps its identity while it is typed into. */
import { useState } from "react";

export interface Row<Value> {
  readonly id: number;
  readonly value: Value;
}

export interface Rows<Value> {
  readonly rows: readonly Row<Value>[];
  /** What they hold, in their order. */
  readonly values: Value[];
  readonly add: (value: Value) => void;
  readonly change: (id: number, part: Partial<Value>) => void;
  readonly remove: (id: number) => void;
}

export function useRows<Value extends object>(initial: readonly Value[]): Rows<Value> {
  const [rows, setRows] = useState<readonly Row<Value>[]>(() => initial.map((value, id) => ({ id, value })));
  return {
    rows,
    values: rows.map(({ value }) => value),
    add: (value) => setRows((old) => [...old, { id: Math.max(-1, ...old.map(({ id }) => id)) + 1, value }]),
    change: (id, part) =>
      setRows((old) => old.map((row) => (row.id === id ? { id, value: { ...row.value, ...part } } : row))),
    remove: (id) => setRows((old) => old.filter((row) => row.id !== id)),
  };
}

/** Whether two drafts say the same. They are plain data in a fixed order. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
