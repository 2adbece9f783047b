import { isRecord } from '../../../model/gotypes.ts';
import type { HttpAnswer } from '../../../model/httpRequest.ts';
import { parsedJson } from './goJson.ts';
import { fieldOf } from './lookup.ts';

/** What a GraphQL server answers: its data, or the first of its errors. */
export function graphQlData({ body }: HttpAnswer): { data: unknown } | { error: string } {
  const parsed = parsedJson(body);
  if (typeof parsed === 'string' || !isRecord(parsed.value)) {
    return { error: 'decoding response: it is no JSON object' };
  }
  const errors = fieldOf(parsed.value, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (isRecord(first)) return { error: `graphql: ${fieldOf(first, 'message') ?? ''}` };
  return { data: fieldOf(parsed.value, 'data') ?? null };
}
