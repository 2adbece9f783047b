/** Lets so many go on side by side; the others wait in the order in which they came. */
export function slots(max: number): (signal: AbortSignal) => Promise<() => void> {
  const waiting: (() => void)[] = [];
  let taken = 0;
  const give = (): void => {
    const next = waiting.shift();
    if (next) next();
    else taken -= 1;
  };
  return async (signal) => {
    if (taken < max) {
      taken += 1;
      return give;
    }
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      waiting.push(go);
      signal.addEventListener('abort', stop, { once: true });
    });
    return give;
  };
}
