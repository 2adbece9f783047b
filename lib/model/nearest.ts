/** The known name that a misspelt one most likely stands for; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const scored = known.map((each) => ({ each, distance: distanceOf(name, each) }));
  const [best] = scored.sort((a, b) => a.distance - b.distance);
  // A third of the letters may be wrong: more and the guess would puzzle rather than help.
  return best !== undefined && best.distance <= Math.max(1, best.each.length / 3)
    ? best.each
    : undefined;
}

/** How many letters to insert, remove or replace, whatever their case. */
function distanceOf(a: string, b: string): number {
  const from = a.toLowerCase();
  const to = b.toLowerCase();
  let row = [...to, ''].map((_, j) => j);
  for (const [i, letter] of [...from].entries()) {
    const above = row;
    row = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const same = letter === to[j] ? 0 : 1;
      row.push(Math.min((above[j] ?? 0) + same, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}
