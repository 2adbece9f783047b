export type JsonError = { position: number; line: number; column: number };

/** Where a text that JSON.parse refuses stops being JSON. */
export function jsonErrorAt(text: string): JsonError {
  const position = positionIn(text);
  const before = text.slice(0, position).split('\n');
  return { position, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function positionIn(text: string): number {
  const message = messageFor(text) ?? '';
  const named = /at position (\d+)/.exec(message)?.[1];
  if (named !== undefined) return Number(named);
  return isUnexpectedToken(message) ? firstUnexpected(text) : text.length;
}

/**
 * For an unexpected token the engine quotes the text around it and keeps its position to itself. Every
 * beginning of the text that holds the token fails like that and no shorter one does, so it is found
 * by halving.
 */
function firstUnexpected(text: string): number {
  let fails = text.length;
  let passes = 0;
  while (fails - passes > 1) {
    const middle = Math.floor((fails + passes) / 2);
    if (isUnexpectedToken(messageFor(text.slice(0, middle)) ?? '')) fails = middle;
    else passes = middle;
  }
  return passes;
}

function isUnexpectedToken(message: string): boolean {
  return message.startsWith('Unexpected token');
}

function messageFor(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
