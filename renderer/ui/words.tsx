/** A sentence of the host, in which what stands between backticks is code. */
export function Words({ text }: { text: string }) {
  return text.split(/`([^`]+)`/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // Parts of one sentence have no identity but their place.
      // oxlint-disable-next-line react/no-array-index-key
      <code key={index} className="font-mono text-sm">
        {part}
      </code>
    ),
  );
}
