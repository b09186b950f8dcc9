import type { Look, Tone } from "./state.ts";

const tones: Record<Tone, string> = { good: "text-good", busy: "text-busy", bad: "text-bad", quiet: "text-faint" };

/** The shape of a state, in its colour. Decoration: the word stands beside it, or in the accessible name around it. */
export function StateShape({ look }: { look: Look }) {
  return (
    <svg viewBox="0 0 12 12" className={`size-3 shrink-0 ${tones[look.tone]}`} aria-hidden="true">
      {look.shape === "full" && <circle cx="6" cy="6" r="4.25" fill="currentColor" />}
      {look.shape === "ring" && <circle cx="6" cy="6" r="3.75" fill="none" stroke="currentColor" strokeWidth="1.5" />}
      {look.shape === "half" && (
        <>
          <circle cx="6" cy="6" r="3.75" fill="none" stroke="currentColor" strokeWidth="1.5" />
          <path d="M6 2.25a3.75 3.75 0 0 0 0 7.5z" fill="currentColor" />
        </>
      )}
      {look.shape === "alert" && (
        <path d="M6 1.4 11.2 10.4H.8z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" />
      )}
    </svg>
  );
}

/** Shape, word and colour together. Quiet words are muted, trouble and progress keep their colour. */
export function StateMark({ look }: { look: Look }) {
  return (
    <span className="inline-flex items-center gap-1.5 align-top whitespace-nowrap">
      <StateShape look={look} />
      <span className={look.tone === "good" ? "text-text" : look.tone === "quiet" ? "text-muted" : tones[look.tone]}>
        {look.word}
      </span>
    </span>
  );
}
