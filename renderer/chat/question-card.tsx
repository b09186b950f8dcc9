import { Checkbox } from "@base-ui/react/checkbox";
import { Check, MessageCircleQuestion } from "lucide-react";
import { useState } from "react";
import type { QuestionRequest } from "#shared/schema/chat.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { Button } from "../ui/button.tsx";
import { useActions, usePending } from "../view/app.ts";

/** What the agent wants to know. One answer to a question, several where it says so, or words of one's own. */
export function QuestionCard({ workspace, request }: { workspace: WorkspaceId; request: QuestionRequest }) {
  const actions = useActions();
  const pending = usePending(`question:${request.id}`);
  const [answers, setAnswers] = useState<readonly (readonly string[])[]>(() => request.questions.map(() => []));
  const [words, setWords] = useState<readonly string[]>(() => request.questions.map(() => ""));
  const whole = request.questions.map((_, index) => [
    ...(answers[index] ?? []),
    ...(words[index]?.trim() ? [words[index].trim()] : []),
  ]);
  const complete = whole.every((answer) => answer.length > 0);

  const toggle = (index: number, label: string, multiple: boolean) =>
    setAnswers((old) =>
      old.map((chosen, at) => {
        if (at !== index) return chosen;
        if (chosen.includes(label)) return chosen.filter((name) => name !== label);
        return multiple ? [...chosen, label] : [label];
      }),
    );

  return (
    <section
      role="group"
      aria-label="Question of the agent"
      className="flex max-h-[60vh] flex-col rounded-lg bg-raised shadow-pop inset-ring-2 inset-ring-accent"
    >
      <div className="min-h-0 overflow-y-auto px-3 pt-2.5 pb-2">
        {request.questions.map((question, index) => (
          <fieldset key={question.question} className="mt-3 first:mt-0">
            <legend className="flex items-center gap-2 font-semibold">
              <MessageCircleQuestion className="size-4 text-link" aria-hidden="true" />
              {question.question}
            </legend>
            <ul className="mt-1.5 flex flex-col">
              {question.options.map((option) => {
                const chosen = answers[index]?.includes(option.label) ?? false;
                return (
                  <li key={option.label}>
                    <label className="flex items-start gap-2 rounded-md px-2 py-1 hover:bg-hover">
                      <Checkbox.Root
                        role={question.multiple ? "checkbox" : "radio"}
                        checked={chosen}
                        onCheckedChange={() => toggle(index, option.label, question.multiple)}
                        className={`mt-0.5 flex size-4 shrink-0 items-center justify-center inset-ring inset-ring-line-strong data-[checked]:bg-accent data-[checked]:inset-ring-accent ${question.multiple ? "rounded-sm" : "rounded-full"}`}
                      >
                        <Checkbox.Indicator className="text-on-accent">
                          <Check className="size-3" />
                        </Checkbox.Indicator>
                      </Checkbox.Root>
                      <span>
                        {option.label} {option.description && <span className="text-muted">{option.description}</span>}
                      </span>
                    </label>
                  </li>
                );
              })}
            </ul>
            <input
              aria-label={`Own answer to: ${question.question}`}
              value={words[index]}
              onChange={(event) => setWords((old) => old.map((text, at) => (at === index ? event.target.value : text)))}
              placeholder="Or in your own words"
              className="mt-1 h-7 w-full rounded-md bg-sunken px-2 inset-ring inset-ring-line-strong"
            />
          </fieldset>
        ))}
      </div>
      <div className="flex shrink-0 items-center gap-2 px-3 pb-2.5">
        <Button
          kind="primary"
          pending={pending}
          disabled={!complete}
          onClick={() => void actions.replyQuestion(workspace, request.id, whole)}
        >
          Answer
        </Button>
        <Button
          kind="quiet"
          className="ml-auto"
          disabled={pending}
          onClick={() => void actions.rejectQuestion(workspace, request.id)}
        >
          Dismiss the question
        </Button>
      </div>
    </section>
  );
}
