import { AppError } from "../../lib/error.ts";

/** `provider/model` in its two parts; the model's part may have slashes of its own. Throws `bad_input`. */
export function readModelName(text: string): { readonly provider: string; readonly model: string } {
  const cut = text.indexOf("/");
  if (cut > 0 && cut < text.length - 1) return { provider: text.slice(0, cut), model: text.slice(cut + 1) };
  throw new AppError("bad_input", `${text} does not name a model; it takes the form provider/model.`, {
    next: "Choose one of the models listed.",
  });
}
