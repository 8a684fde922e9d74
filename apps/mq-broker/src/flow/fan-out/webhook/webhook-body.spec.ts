import fc from 'fast-check';
import { webhookBody } from './webhook-body.js';

it('a webhook body names type and time and carries the data', () => {
  expect(webhookBody({ type: 'user.created', publishedAt: new Date(0), payload: '{"a":1}' })).toBe('{"type":"user.created","timestamp":"1970-01-01T00:00:00.000Z","data":{"a":1}}');
  expect(webhookBody({ type: 'user.created', publishedAt: 1_500, payload: 'null' })).toContain('"timestamp":"1970-01-01T00:00:01.500Z"');
});

it('the payload stands in the body letter by letter: big numbers, double keys and spaces survive', () => {
  const payload = '{ "id": 12345678901234567890, "a": 1.0, "a": 2, "é": "\\u00e9" }';
  expect(webhookBody({ type: 'a', publishedAt: 0, payload })).toContain(`"data":${payload}}`);
});

it('every body is JSON with exactly the three fields, whatever type and payload are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }), (type, value, publishedAt) => {
      const payload = JSON.stringify(value);
      expect(JSON.parse(webhookBody({ type, publishedAt, payload }))).toEqual({ type, timestamp: publishedAt.toISOString(), data: JSON.parse(payload) as unknown });
    }),
  );
});
