/** A letter, or a star: a deep one passes over slashes too. */
type Piece = { letter: string } | { isDeep: boolean };

/**
 * Whether a name fits a pattern: `*` stands for anything but a slash, `**` for anything. Both are
 * strangers' texts: the work is at most the product of their lengths, whatever they hold.
 */
export function fits(pattern: string, name: string): boolean {
  const pieces = (pattern.match(/\*+|[^*]/g) ?? []).map(
    (text): Piece => (text.startsWith('*') ? { isDeep: text !== '*' } : { letter: text }),
  );
  // How many pieces may be used up by what was read of the name so far.
  let reached = passStars(pieces, new Set([0]));
  for (const letter of name.split('')) {
    const next = new Set<number>();
    for (const at of reached) {
      const piece = pieces[at];
      if (piece === undefined) continue;
      if ('isDeep' in piece) {
        if (piece.isDeep || letter !== '/') next.add(at);
      } else if (piece.letter === letter) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = passStars(pieces, next);
  }
  return reached.has(pieces.length);
}

/** A star may stand for nothing. No two follow each other. */
function passStars(pieces: Piece[], reached: Set<number>): Set<number> {
  for (const at of reached) {
    const piece = pieces[at];
    if (piece !== undefined && 'isDeep' in piece) reached.add(at + 1);
  }
  return reached;
}
