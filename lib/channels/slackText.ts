import { clipped } from '../model/text.ts';

// Texts as Slack is given them. Pure.

export function section(text: object): object {
  return { type: 'section', text };
}

/** Words of Serin's own; and names, of whose letters no link can be made. */
export function marked(text: string): object {
  return { type: 'mrkdwn', text, verbatim: true };
}

type Plain = { type: 'plain_text'; text: string; emoji: false };

export function plain(text: string, lettersMax: number): Plain {
  // Not in the middle of an escape.
  const shown = clipped(escaped(text), lettersMax).replace(/&[a-z]{0,3}…$/, '…');
  return { type: 'plain_text', text: shown, emoji: false };
}

// https://docs.slack.dev/messaging/formatting-message-text
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
