/**
 * A value as Go's expr-lang has it: a `number` is a float64, a `bigint` an int. What comes of JSON has floats
 * only.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Value[]
  | { [field: string]: Value };
