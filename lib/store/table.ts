import type { dueIndex, fleetIndex } from './tableDefinition.ts';

// What the store asks of a table: four operations of DynamoDB, each on one item or one partition.

export type Attributes = Record<string, string | number>;
export type ItemKey = { pk: string; sk: string };
export type Item = ItemKey & Attributes;

/** A condition in DynamoDB's words, and the values it names. */
export type Expression = { text: string; values?: Attributes };

export type Query = {
  key: Expression;
  /** The index to read instead of the table, in which items have few of their attributes. */
  index?: typeof dueIndex | typeof fleetIndex;
  /** The sort key behind which it begins. */
  after?: string | undefined;
  /** What else it takes to name that item in an index. */
  afterKeys?: Attributes;
  /** From the largest sort key to the smallest. */
  backwards?: boolean;
  limit: number;
};

/** An item that is not there has no attribute. A write answers whether its condition held. */
export type Table = {
  get: (key: ItemKey) => Promise<Item | undefined>;
  put: (item: Item, condition: Expression) => Promise<boolean>;
  remove: (key: ItemKey, condition: Expression) => Promise<boolean>;
  /** `more`: it ended before the limit, though items follow. */
  query: (query: Query) => Promise<{ items: Item[]; more: boolean }>;
};
