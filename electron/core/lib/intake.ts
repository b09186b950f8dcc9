/**
 * What who takes output in answers to who hands it over. A promise asks to be given no more until it resolves: who reads a
 * pipe stops reading, and once the pipe is full the program behind it waits. It resolves within bounds and never rejects.
 */
// oxlint-disable-next-line typescript/no-invalid-void-type
export type Intake = void | Promise<void> | undefined;
