import { Check, Copy } from "lucide-react";
import { memo, useRef, useState, type ComponentProps, type ReactNode } from "react";
import { Streamdown } from "streamdown";
import { Link } from "../ui/link.tsx";
import { useActions } from "../view/app.ts";

type Element<Tag extends "a" | "pre" | "code" | "img" | "table"> = ComponentProps<Tag> & { node?: unknown };

/** The agent's text is not trusted: links leave through the host's checks, and pictures are links, since nothing is fetched. */
const components = {
  a: ({ href, children }: Element<"a">) =>
    href && /^https?:/.test(href) ? <Link url={href}>{children}</Link> : <span>{children}</span>,
  img: ({ src, alt }: Element<"img">) =>
    typeof src === "string" && /^https?:/.test(src) ? <Link url={src}>{alt || src}</Link> : <span>{alt}</span>,
  pre: ({ children }: Element<"pre">) => <CodeBlock>{children}</CodeBlock>,
  code: ({ children, className }: Element<"code">) => <code className={className}>{children}</code>,
  table: ({ children }: Element<"table">) => (
    <div className="table-box">
      <table>{children}</table>
    </div>
  ),
};

/** Markdown that may still be growing: what is unfinished is drawn as if it were closed, so that nothing jumps. */
export const Markdown = memo(function Markdown({ text, done }: { text: string; done: boolean }) {
  return (
    <Streamdown
      className="markdown"
      mode={done ? "static" : "streaming"}
      components={components}
      controls={false}
      linkSafety={{ enabled: false }}
    >
      {text}
    </Streamdown>
  );
});

function CodeBlock({ children }: { children: ReactNode }) {
  const actions = useActions();
  const box = useRef<HTMLPreElement>(null);
  const [copied, setCopied] = useState(false);
  return (
    <div className="group/code relative">
      <pre
        ref={box}
        className="overflow-x-auto rounded-md bg-sunken px-3 py-2 font-mono text-sm inset-ring inset-ring-line"
      >
        {children}
      </pre>
      <button
        type="button"
        aria-label="Copy code"
        title="Copy code"
        className="absolute top-1.5 right-1.5 inline-flex size-6 items-center justify-center rounded-md bg-raised text-muted opacity-0 inset-ring inset-ring-line group-hover/code:opacity-100 hover:text-text focus-visible:opacity-100 [&_svg]:size-3"
        onClick={() => {
          void actions.copy(box.current?.textContent ?? "", "the code").then((done) => setCopied(done));
        }}
        onBlur={() => setCopied(false)}
      >
        {copied ? <Check /> : <Copy />}
      </button>
    </div>
  );
}
