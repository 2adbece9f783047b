import { fieldError } from '../../model/faults.ts';
import { matchFaults, nameFaults } from './managedRoute.ts';
import type { StepKind } from './stepKind.ts';

/** A part of the requests goes to the canary too, whose answers nobody gets. */
export const setMirrorRoute: StepKind<'setMirrorRoute'> = {
  field: 'setMirrorRoute',
  validate: ({ name, match = [], percentage = 100 }, path, canary) => [
    ...nameFaults(name, path, canary),
    ...(percentage >= 0 && percentage <= 100
      ? []
      : fieldError(`${path}.percentage`, `must be between 0 and 100, not ${percentage}`)),
    ...match.flatMap(({ method, path: uri, headers = {} }, index) => {
      const at = `${path}.match[${index}]`;
      return [
        ...(method ? matchFaults(method, `${at}.method`) : []),
        ...(uri ? matchFaults(uri, `${at}.path`) : []),
        ...Object.entries(headers).flatMap(([header, value]) =>
          matchFaults(value, `${at}.headers[${header}]`),
        ),
      ];
    }),
  ],
  text: ({ name }) => `setMirrorRoute: ${name}`,
  run: { isDone: ({ traffic }) => traffic?.isThere === true },
};
