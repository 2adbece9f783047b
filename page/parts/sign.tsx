import './sign.css';
import type { JSX } from 'preact';
import { phaseSigns, type Sign as SignName } from '../../lib/view/words.ts';

// Drawn rather than written: phones have no glyph for some of them.
const drawn: Record<string, JSX.Element> = {
  ok: <path d="M3 8.5l3.5 3.5L13 4.500" />,
  progressing: <circle cx="8" cy="8" r="5.500" stroke-dasharray="3 2.500" />,
  bad: <path d="M4 4l8 8M12 4l-8 8" />,
  paused: <path d="M5.500 3v10M10.500 3v10" />,
  waiting: <path d="M8 2.500a5.500 5.500 0 1 0 .01 0M8 5v3.500l2.500 1.500" />,
  neutral: <circle cx="8" cy="8" r="2" />,
  warning: <path d="M8 2.500L14 13.500H2zM8 6.500v3.500M8 11.800v.4" />,
  unknown: <path d="M5.500 6a2.500 2.500 0 1 1 3.500 2.300c-.8.400-1 .8-1 1.700M8 12.600v.4" />,
};

/** For eyes alone: a word always stands beside it. */
export function Sign({ name, title }: { name: SignName | undefined; title?: string }) {
  return (
    <svg class={`sign sign-${name ?? 'none'}`} viewBox="0 0 16 16" aria-hidden="true">
      {title !== undefined && <title>{title}</title>}
      {drawn[name ?? 'unknown'] ?? drawn.unknown}
    </svg>
  );
}

/** A phase that nobody has heard of yet is shown by its own word. */
export function Phase({ phase }: { phase: string }) {
  const known = Object.hasOwn(phaseSigns, phase) ? phase.toLowerCase() : 'other';
  return (
    <span class={`phase phase-${known}`}>
      <Sign name={phaseSigns[phase] ?? 'unknown'} />
      {phase || 'Unknown'}
    </span>
  );
}
