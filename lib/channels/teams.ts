import { json, type Sender, taken } from './channel.ts';
import { linksOf } from './links.ts';
import { factsOf, placeOf, titleOf } from './texts.ts';

/**
 * A workflow of Microsoft Teams that begins "When a Teams webhook request is received": it takes an adaptive
 * card. Its address is a secret: whoever has it can post.
 */
export const teams: Sender<'teams'> = async ({ webhook }, { notification, value, request }) => {
  const links = linksOf(notification);
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      text(titleOf(notification), { weight: 'Bolder', size: 'Medium' }),
      text(placeOf(notification), { isSubtle: true, spacing: 'None' }),
      text(notification.text, {}),
      {
        type: 'FactSet',
        facts: factsOf(notification).map(([title, fact]) => ({ title, value: plain(fact) })),
      },
    ],
    ...(links.length > 0 && { actions: links.map(opening) }),
  };
  const contentType = 'application/vnd.microsoft.card.adaptive';
  const card = { type: 'message', attachments: [{ contentType, contentUrl: null, content }] };
  taken(await request({ url: (await value(webhook)).trim(), ...json(card) }));
  return {};
};

function opening([title, url]: [string, string]): object {
  return { type: 'Action.OpenUrl', title, url };
}

function text(words: string, style: object): object {
  return { type: 'TextBlock', text: plain(words), wrap: true, ...style };
}

/** Cards read a few characters as Markdown: what others wrote is to make no link. */
function plain(words: string): string {
  return words.replaceAll(/[\\[\]_*]/g, (each) => `\\${each}`);
}
