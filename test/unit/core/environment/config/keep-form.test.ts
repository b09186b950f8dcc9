import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { inTheFormOf } from "../../../../../electron/core/environment/config/keep-form.ts";

/** What comes of a change of one place in a file. */
function changed(existing: string, path: readonly string[], value: unknown): string {
  const print = (document: ReturnType<typeof parseDocument>) =>
    document.toString({ lineWidth: 0, flowCollectionPadding: true });
  const document = parseDocument(existing);
  const printed = print(document);
  document.setIn(path, value);
  return inTheFormOf(existing, printed, print(document));
}

test("nothing but the line of the change is touched", () => {
  const text = "a:   {x: 1,y: [1,2]}   # a\n\n\n\nb:\n        c: 'q'\n        d: 2\n# end\n";
  expect(changed(text, ["b", "d"], 3)).toBe(text.replace("d: 2", "d: 3"));
});

test("a new line stands as deep as those beside it, and one below in their proportion", () => {
  const text = "a:\n    b: # deep\n        c: 1\ne: 1\n";
  expect(changed(text, ["a", "b", "d"], 2)).toBe("a:\n    b: # deep\n        c: 1\n        d: 2\ne: 1\n");
  expect(changed(text, ["a", "b", "c"], { x: { y: 1 } })).toContain(
    "        c:\n            x:\n                y: 1\n",
  );
});

test("a file that ends without a line break, or with carriage returns, does so afterwards", () => {
  expect(changed("a: {x: 1}\r\nb: 2\r\n", ["b"], 3)).toBe("a: {x: 1}\r\nb: 3\r\n");
  expect(changed("a: {x: 1}\nb: 2", ["a", "y"], 3)).toBe("a: { x: 1, y: 3 }\nb: 2");
});

test("where the form cannot be kept, what the file says goes before how it looks", () => {
  const text = "a: |\n       kept\n         as it is\nb:\n- |-\n   x\n";
  const document = parseDocument(text);
  const printed = document.toString();
  // Another text of the same file: whatever comes of it must say the same as the change.
  const change = printed.replace("as it is", "as it was");
  const kept = inTheFormOf(text, printed, change);
  expect(parseDocument(kept).toJS()).toEqual(parseDocument(change).toJS());
});
