/** The look of every field that is typed into. */
export const inputLook =
  "h-7 rounded-md bg-sunken px-2 text-sm inset-ring inset-ring-line-strong aria-invalid:inset-ring-bad";
