import { matchFaults, nameFaults } from './managedRoute.ts';
import type { StepKind } from './stepKind.ts';

/** Requests with certain headers go to the canary; without any match the route is taken away. */
export const setHeaderRoute: StepKind<'setHeaderRoute'> = {
  field: 'setHeaderRoute',
  validate: ({ name, match = [] }, path, canary) => [
    ...nameFaults(name, path, canary),
    ...match.flatMap(({ headerValue }, index) =>
      matchFaults(headerValue, `${path}.match[${index}].headerValue`),
    ),
  ],
  text: ({ name }) => `setHeaderRoute: ${name}`,
  run: { isDone: ({ traffic }) => traffic?.isThere === true },
};
