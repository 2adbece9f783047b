// The server's time. What runs on the page runs on it: a phone's own clock may be minutes off, and a
// simulation's is ahead.

const headerStepMs = 1000;
let offsetMs: number | undefined;

/** Takes the time of an answer's `date` header, which has whole seconds, cut off. */
export function noteDate(date: string | null, receivedAt: number): void {
  const at = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(at)) return;
  const least = at - receivedAt;
  const isSame = offsetMs !== undefined && least <= offsetMs && offsetMs < least + headerStepMs;
  if (!isSame) offsetMs = least;
}

export function serverNow(localNow = Date.now()): number {
  return localNow + (offsetMs ?? 0);
}
