/** A unified diff as rows with line numbers. */

export type DiffRow = {
  readonly kind: "file" | "hunk" | "added" | "removed" | "same";
  readonly text: string;
  readonly oldLine: number | null;
  readonly newLine: number | null;
};

/** Reads what `diff -u` and git write. Lines that are none of it are kept as they are: a diff is shown in full or not at all. */
export function parseDiff(diff: string): readonly DiffRow[] {
  const rows: DiffRow[] = [];
  let oldLine = 0;
  let newLine = 0;
  let inHunk = false;
  const lines = diff.replace(/\n$/, "").split("\n");
  for (const line of lines) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (hunk) {
      oldLine = Number(hunk[1]);
      newLine = Number(hunk[2]);
      inHunk = true;
      rows.push({ kind: "hunk", text: line, oldLine: null, newLine: null });
    } else if (!inHunk || /^(?:diff |index |Index: |={20,})/.test(line)) {
      inHunk = false;
      // The names of the files say something; the rest of the head repeats them.
      if (line.startsWith("+++ ") || line.startsWith("--- ")) continue;
      if (line.startsWith("Index: ") || /^={20,}$/.test(line) || line === "") continue;
      rows.push({ kind: "file", text: line, oldLine: null, newLine: null });
    } else if (line.startsWith("+")) {
      rows.push({ kind: "added", text: line.slice(1), oldLine: null, newLine });
      newLine += 1;
    } else if (line.startsWith("-")) {
      rows.push({ kind: "removed", text: line.slice(1), oldLine, newLine: null });
      oldLine += 1;
    } else if (line.startsWith("\\")) {
      rows.push({ kind: "hunk", text: line.slice(2), oldLine: null, newLine: null });
    } else {
      rows.push({ kind: "same", text: line.slice(1), oldLine, newLine });
      oldLine += 1;
      newLine += 1;
    }
  }
  return rows;
}

export function countChanges(rows: readonly DiffRow[]): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const row of rows) {
    if (row.kind === "added") added += 1;
    else if (row.kind === "removed") removed += 1;
  }
  return { added, removed };
}
