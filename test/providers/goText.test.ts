import { describe, expect, it } from 'vitest';
import { csvRows } from '../../lib/decide/analysisRun/providers/csv.ts';
import {
  fixedText,
  floatWord,
  formText,
  listWord,
} from '../../lib/decide/analysisRun/providers/goText.ts';

// The right-hand sides were printed by Go: fmt.Sprint, fmt.Sprintf("%.2f" and "%f"), url.Values.

describe('Go prints', () => {
  it('a float', () => {
    const texts: [number, string][] = [
      ...([
        [0, '0'],
        [-0, '-0'],
        [1, '1'],
        [0.1, '0.1'],
        [-2.5, '-2.5'],
      ] as [number, string][]),
      ...([
        [999999, '999999'],
        [999999.5, '999999.5'],
        [1e6, '1e+06'],
      ] as [number, string][]),
      ...([
        [1234567.5, '1.2345675e+06'],
        [1e21, '1e+21'],
        [0.0001, '0.0001'],
      ] as [number, string][]),
      ...([
        [0.00001, '1e-05'],
        [0.000123, '0.000123'],
        [1.5e-7, '1.5e-07'],
      ] as [number, string][]),
      ...([
        [Number.NaN, 'NaN'],
        [Number.POSITIVE_INFINITY, '+Inf'],
      ] as [number, string][]),
    ];
    for (const [value, text] of texts) expect(floatWord(value)).toBe(text);
  });

  it('a float with so many places, and what is exactly half goes to the even side', () => {
    expect([0.125, 0.375, 2.345, -0.125, 1e21, 0.995].map((each) => fixedText(each, 2))).toEqual([
      ...['0.12', '0.38', '2.35', '-0.12', '1000000000000000000000.00', '0.99'],
    ]);
    expect([0.5, 2e6, 1e-7, 1 / 3].map((each) => fixedText(each, 6))).toEqual([
      ...['0.500000', '2000000.000000', '0.000000', '0.333333'],
    ]);
  });

  it('a list, and a form', () => {
    expect(listWord([1, null, 'a b', true, 5n, [0.5], { b: 1, a: 'x' }])).toBe(
      '[1 <nil> a b true 5 [0.5] map[a:x b:1]]',
    );
    expect(formText({ q: "a b+c&d=é~!*'()", a: '' })).toBe(
      'a=&q=a+b%2Bc%26d%3D%C3%A9~%21%2A%27%28%29',
    );
  });
});

describe('CSV', () => {
  it('has quotes, empty fields and lines of all kinds', () => {
    expect(csvRows('a,"b ""c"", d",\r\n\n,\n"x\ny",z')).toEqual([
      ...[
        ['a', 'b "c", d', ''],
        ['', ''],
        ['x\ny', 'z'],
      ],
    ]);
    expect(csvRows('')).toEqual([]);
    expect(csvRows('a,"b')).toHaveProperty('error');
    expect(csvRows('a,')).toEqual([['a', '']]);
  });
});
