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
      block([run(titleOf(notification), { weight: 'Bolder', size: 'Medium' })]),
      block([run(placeOf(notification), { isSubtle: true })], 'None'),
      block([run(notification.text)]),
      ...factsOf(notification).map(([name, value], index) =>
        block([run(`${name}: `, { weight: 'Bolder' }), run(value)], index > 0 ? 'None' : 'Default'),
      ),
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

// https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features
/** Its words are shown as they are: TextBlock and FactSet read Markdown, of which others could make links. */
function block(inlines: object[], spacing: 'Default' | 'None' = 'Default'): object {
  return { type: 'RichTextBlock', inlines, spacing };
}

function run(text: string, style: object = {}): object {
  return { type: 'TextRun', text, ...style };
}
