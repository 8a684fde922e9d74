import { Metrics } from '@angarium/observability';
import { BrokerMeter, type DeliveryOrigin, type WindowKey } from './broker-meter.js';
import { combineTotals } from './window-totals.js';

let now = 0;
let metrics: Metrics;
let meter: BrokerMeter;
beforeEach(() => {
  now = 0;
  metrics = new Metrics('test', false);
  meter = new BrokerMeter(metrics, () => now);
  now = 100_000;
});

const figures = (key: WindowKey) => combineTotals([meter.totals(key)]);
const mine: DeliveryOrigin = { tenantId: 'a', topicId: 't1', subscriptionId: 's1' };
const theirs: DeliveryOrigin = { tenantId: 'b', topicId: 't2', subscriptionId: 's2' };

describe('the meter', () => {
  it('keeps what belongs to one tenant apart from what belongs to another', () => {
    meter.published(3, 'commit', 2, [mine, mine, theirs]);
    meter.delivered('webhook', 40, mine);
    meter.failed('webhook', theirs);
    expect(figures('all').rates).toMatchObject({ published: 0.03, delivered: 0.01, failed: 0.01 });
    expect(figures('tenant:a')).toMatchObject({ errorRate: 0, averageMs: 40, rates: { published: 0.02, delivered: 0.01, failed: 0 } });
    expect(figures('tenant:b')).toMatchObject({ errorRate: 1, averageMs: 0, rates: { published: 0.01 } });
    expect(figures('topic:t1').rates).toMatchObject({ published: 0.02, delivered: 0.01 });
    expect(figures('subscription:s2').rates).toMatchObject({ failed: 0.01 });
    expect(figures('subscription:unheard-of').rates.failed).toBe(0);
  });

  it('tells Prometheus everything since the start, without labels that grow', async () => {
    meter.published(5, 'stream', 1.5);
    meter.appended(5, 3);
    meter.delivered('pull', 20, mine);
    meter.failed('webhook', mine);
    meter.retried(mine);
    meter.dead(mine);
    meter.skipped(4, mine);
    meter.webhookAnswered(130);
    const text = await metrics.registry.metrics();
    expect(text).toContain('angarium_mq_published_total{durability="stream",service="test"} 5');
    expect(text).toContain('angarium_mq_appended_total{service="test"} 5');
    expect(text).toContain('angarium_mq_delivered_total{destination="pull",service="test"} 1');
    expect(text).toContain('angarium_mq_failed_total{destination="webhook",service="test"} 1');
    expect(text).toMatch(/angarium_mq_retried_total{.*} 1\n/);
    expect(text).toMatch(/angarium_mq_dead_total{.*} 1\n/);
    expect(text).toMatch(/angarium_mq_skipped_total{.*} 4\n/);
    expect(text).toContain('angarium_mq_publish_commit_seconds_sum{service="test"} 0.0015');
    expect(text).toContain('angarium_mq_commit_stream_seconds_sum{service="test"} 0.003');
    expect(text).toContain('angarium_mq_publish_delivered_seconds_sum{service="test",destination="pull"} 0.02');
    expect(text).toContain('angarium_mq_webhook_seconds_sum{service="test"} 0.13');
    expect(text).not.toMatch(/"t1"|"s1"|="a"/);
  });

  it('does not grow with the number of tenants, and finds room again when old ones fall silent', () => {
    for (let at = 0; at < 500; at++) meter.failed('pull', { ...mine, tenantId: `tenant-${at}` });
    expect([...meter.everything()].filter(([key]) => key.startsWith('tenant:'))).toHaveLength(100);
    expect(figures('all').rates.failed).toBe(5);
    now += 400_000;
    meter.failed('pull', { ...mine, tenantId: 'late' });
    expect(figures('tenant:late').rates.failed).toBeGreaterThan(0);
    expect([...meter.everything()].map(([key]) => key)).toEqual(['all', 'tenant:late', 'topic:t1', 'subscription:s1']);
  });

  it('takes numbers that make no sense without a throw: a meter never fails a message', () => {
    meter.published(0, 'commit', Number.NaN);
    meter.published(1, 'commit', Number.NaN);
    meter.delivered('pull', -5, mine);
    meter.appended(-1, -1);
    meter.skipped(-1);
    expect(figures('all')).toMatchObject({ averageMs: 0, rates: { published: 0.01, skipped: 0 } });
  });
});
