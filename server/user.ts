import { userInfo } from 'node:os';

/** Whose process this is. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in some containers.
    return 'local';
  }
}
