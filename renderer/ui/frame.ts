/** A page that is not looked at gets no frames; so long, in ms, work that waits for one goes on anyway. */
const WITHOUT_FRAME_MS = 100;

/** Runs once at the next frame, or soon where there is none. */
export function onNextFrame(run: () => void): void {
  let done = false;
  const once = (): void => {
    if (done) return;
    done = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    run();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, WITHOUT_FRAME_MS);
}

export const nextFrame = (): Promise<void> => new Promise((resolve) => onNextFrame(resolve));
