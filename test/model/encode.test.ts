import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeGo } from '../../lib/model/encode.ts';

const name = (text: string) => encodeGo('ObjectRef', { name: text });

describe('encodeGo', () => {
  it('writes fields in the order of the struct and leaves out the empty ones', () => {
    const step = { pause: { duration: '10s' }, setWeight: 0, setCanaryScale: null };
    expect(encodeGo('CanaryStep', step)).toBe('{"setWeight":0,"pause":{"duration":"10s"}}');
  });

  it('writes what is not omitempty: objects, scalars, and null for lists', () => {
    expect(encodeGo('PodTemplateSpec', {})).toBe('{"metadata":{},"spec":{"containers":null}}');
    expect(encodeGo('Container', null)).toBe('{"name":"","resources":{}}');
    expect(encodeGo('PodSpec', { containers: [] })).toBe('{"containers":[]}');
    expect(encodeGo('PauseCondition', { reason: 'CanaryPauseStep', startTime: null })).toBe(
      '{"reason":"CanaryPauseStep","startTime":null}',
    );
  });

  it('keeps zero behind a pointer and drops it elsewhere', () => {
    expect(encodeGo('RolloutSpec', { replicas: 0, minReadySeconds: 0, paused: false })).toBe(
      '{"replicas":0,"selector":null,"template":{"metadata":{},"spec":{"containers":null}},' +
        '"strategy":{}}',
    );
  });

  it('drops fields it does not know, by case too', () => {
    expect(encodeGo('ObjectRef', { Name: 'a', name: 'b', nmae: 'c' })).toBe('{"name":"b"}');
  });

  it('keeps a string that looks like nothing', () => {
    expect(name('0')).toBe('{"name":"0"}');
    expect(name('')).toBe('{}');
  });

  it('writes the fields of an embedded struct in its place', () => {
    const analysis = { startingStep: 2, templates: [{ templateName: 'errors' }] };
    expect(encodeGo('RolloutAnalysisBackground', analysis)).toBe(
      '{"templates":[{"templateName":"errors"}],"startingStep":2}',
    );
  });

  it('escapes what browsers trip over, and mends lone surrogates', () => {
    expect(name('<a href="?a&b">')).toBe(String.raw`{"name":"\u003ca href=\"?a\u0026b\"\u003e"}`);
    expect(name('\u2028\u2029')).toBe(String.raw`{"name":"\u2028\u2029"}`);
    expect(name('\b\f\n\u0001\u007f')).toBe('{"name":"\\b\\f\\n\\u0001\u007f"}');
    expect(name('\ud83d 🐤')).toBe('{"name":"\ufffd 🐤"}');
  });

  it('sorts the keys of maps and of raw JSON by their bytes', () => {
    const labels = { '🐤': '1', '\uff5e': '2', b: '3', B: '4', 10: '5', 9: '6' };
    expect(encodeGo('PodTemplateMetadata', { labels })).toBe(
      '{"labels":{"10":"5","9":"6","B":"4","b":"3","\uff5e":"2","🐤":"1"}}',
    );
    expect(encodeGo('PluginStep', { name: 'p', config: { b: [1.5, null], a: '<' } })).toBe(
      String.raw`{"name":"p","config":{"a":"\u003c","b":[1.5,null]}}`,
    );
  });

  it('takes a label named __proto__ for a label', () => {
    const labels = JSON.parse('{"__proto__":"x"}');
    expect(encodeGo('PodTemplateMetadata', { labels })).toBe('{"labels":{"__proto__":"x"}}');
  });

  it.each([
    ['0.5', '500m'],
    [0.5, '500m'],
    ['1000m', '1'],
    ['1e3', '1e3'],
    ['1e2', '100'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['0.1n', '1n'],
    ['9Ei', '9223372036854775807'],
    ['-1.5', '-1500m'],
    [1e21, '1e+21'],
    [2e20, '200E'],
    ['+5', '+5'],
    ['1.500', '1.500'],
    ['1000E', '1'],
  ])('writes the quantity %s as %s', (written, canonical) => {
    expect(encodeGo('Quantity', written)).toBe(`"${canonical}"`);
  });

  it('writes times in UTC with whole seconds', () => {
    expect(encodeGo('Time', '2026-03-01T00:30:00.9+01:00')).toBe('"2026-02-28T23:30:00Z"');
    expect(encodeGo('Time', '0001-01-01T00:00:00Z')).toBe('null');
    expect(encodeGo('MicroTime', '2026-01-31T12:00:00.123456Z')).toBe(
      '"2026-01-31T12:00:00.123456Z"',
    );
  });

  it('throws for what Go could not decode, and for a type it does not have', () => {
    expect(() => encodeGo('CanaryStep', { setWeight: '20' })).toThrow(/int32/);
    expect(() => encodeGo('CanaryStep', { setWeight: 2 ** 31 })).toThrow(/int32/);
    expect(() => encodeGo('Quantity', 'much')).toThrow(/quantity/);
    expect(() => encodeGo('Carnation', {})).toThrow(/no type Carnation/);
  });
});

describe('properties', () => {
  const times = fc.date({ min: new Date(0), max: new Date('2400-01-01'), noInvalidDate: true });

  it('agrees with JavaScript about calendars', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: -23, max: 23 }), (time, hours) => {
        const utc = time.toISOString().replace(/\.\d+/, '');
        const elsewhere = new Date(time.getTime() + hours * 3_600_000).toISOString();
        const offset = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`;
        expect(encodeGo('Time', elsewhere.replace('Z', offset))).toBe(`"${utc}"`);
      }),
    );
  });

  it('writes strings that read back as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        expect(JSON.parse(name(text))).toEqual({ name: text });
      }),
    );
  });

  it('writes the same again after reading what it wrote', () => {
    const suffix = fc.constantFrom('', 'm', 'k', 'Ki', 'Gi', 'Ti', 'e3', 'e-2', 'n');
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e15, max: 1e15 }), suffix, (number, unit) => {
        const plain = number.toFixed(6).replace(/\.?0+$/, '');
        const once = encodeGo('Quantity', plain + unit);
        expect(encodeGo('Quantity', JSON.parse(once))).toBe(once);
      }),
    );
  });
});
