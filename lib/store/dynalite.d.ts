// The parts of dynalite 4 that engine.ts calls. The package has no types of its own.

declare module 'dynalite/db/index.js' {
  export type Callback<T = void> = (error: Error | null, value?: T) => void;
  export type Operation =
    | { type: 'put'; key: string; value: unknown }
    | { type: 'del'; key: string };
  export type Database = {
    open: () => Promise<void>;
    close: () => Promise<void>;
    put: (key: string, value: unknown, done: Callback) => void;
    del: (key: string, done: Callback) => void;
    batch: (operations: Operation[], options: { sync: boolean }) => Promise<void>;
  };
  export type Tables = {
    db: Database;
    tableDb: {
      get: (name: string, done: Callback<unknown>) => void;
      put: (name: string, table: unknown, done: Callback) => void;
    };
  };
  /** In memory when it is given no path. */
  export function create(options: { path?: string }): Tables;
}

declare module 'dynalite/validations/index.js' {
  /** Both throw an error with `statusCode` and `body`. */
  export function checkTypes(input: unknown, types: object): object;
  export function checkValidations(input: object, types: object, custom: unknown, db: object): void;
}

declare module 'dynalite/validations/*.js' {
  export const types: object;
  export const custom: unknown;
}

declare module 'dynalite/actions/*.js' {
  import type { Callback, Tables } from 'dynalite/db/index.js';

  function action(tables: Tables, input: object, done: Callback<object>): void;
  export = action;
}
