/** What is wrong with an expression, or with evaluating it, in the words that Go's expr-lang uses. */
export class Failure extends Error {}

export function fail(message: string): never {
  throw new Failure(message);
}

/** How deep an expression may nest. Deeper ones would fill the stack of who evaluates them. */
export const depthMax = 400;

/** How deep a value may nest where it is walked: compared, flattened, printed. */
export const valueDepthMax = 500;

/** As Go's library: more nodes are refused. expr v1.17.7 conf/config.go */
export const nodesMax = 10_000;

/** As Go's library: more elements are not made. expr v1.17.7 conf/config.go */
const memoryMax = 1_000_000;

/** Go's library has no such limit, and evaluates for as long as it takes. */
const stepsMax = 1_000_000;

/** Characters of a text that an expression makes. */
const textMax = 16_000_000;

/** What one evaluation has used so far. */
export class Budget {
  readonly #stepsMax: number;
  #steps = 0;
  #memory = 0;

  constructor(most = stepsMax) {
    this.#stepsMax = most;
  }

  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#stepsMax) {
      fail(`the expression takes more than ${this.#stepsMax} steps; let it look at fewer values`);
    }
  }

  /** For `size` elements that are made. */
  grow(size: number): void {
    this.step(size);
    this.#memory += size;
    if (this.#memory >= memoryMax) fail('memory budget exceeded');
  }

  /** For so many characters that are looked at one by one. */
  walk(length: number): void {
    this.step(Math.ceil(length / 4));
  }

  /** For a text that is made, or characters that the machine compares. */
  text(length: number): void {
    if (length > textMax) fail(`the expression makes a text of more than ${textMax} characters`);
    this.step(Math.ceil(length / 64));
  }
}

export function tooDeep(): never {
  return fail(`the value is nested more than ${valueDepthMax} deep`);
}
