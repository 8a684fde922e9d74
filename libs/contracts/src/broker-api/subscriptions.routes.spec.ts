import { CreateSubscription, ResumeSubscription } from './subscriptions.routes.js';

/** What is said of each field of a new subscription that does not fit. */
function faultsOf(settings: string): Record<string, string> {
  const body: unknown = { topic: 'orders', group: 'billing', destination: { type: 'pull' }, ...(JSON.parse(settings) as object) };
  const { error } = CreateSubscription.body.safeParse(body);
  return Object.fromEntries((error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]));
}

describe('a new subscription', () => {
  it('is told what a URL looks like', () => {
    for (const url of ['ftp://example.com', 'example.com', '']) {
      const faults = faultsOf(JSON.stringify({ destination: { type: 'webhook', url } }));
      expect(faults).toEqual({ 'destination.url': 'write an https URL, such as https://example.com/hooks' });
    }
  });
});

it('a time that cannot be read is answered with one that can', () => {
  const { error } = ResumeSubscription.body.safeParse({ recoverSince: '2026-11-21 09:00' });
  const [said = ''] = error?.issues.map(({ message }) => message) ?? [];
  const examples = said.match(/\d{4}-\S+/g) ?? [];
  expect(examples).toHaveLength(2);
  for (const recoverSince of examples) expect(ResumeSubscription.body.parse({ recoverSince })).toEqual({ recoverSince });
});
