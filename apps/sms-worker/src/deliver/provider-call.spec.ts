import type { Egress } from '@angarium/egress';
import { SharedErrors } from '@angarium/errors';
import { patient } from '../testing/provider-ground.js';
import { ProviderClient } from './provider-call.js';

const fails = async (error: Error, effect: 'sends' | 'asks') => {
  const client = new ProviderClient({ request: () => Promise.reject(error) } as unknown as Egress, 100);
  return client.request({ method: 'POST', url: 'https://provider.example/', headers: {} }, client.call('twilio', effect, patient)).catch((it: unknown) => it);
};

describe('a call of a provider that fails on its way', () => {
  it('leaves a doubt whenever it is not known that it stayed here', async () => {
    expect(await fails(SharedErrors.UNAVAILABLE('stopping'), 'sends')).toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
    expect(await fails(new Error('who knows'), 'sends')).toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
    expect(await fails(SharedErrors.UNAVAILABLE('given up', { details: { mayHaveArrived: true } }), 'sends')).toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
  });

  it('went nowhere where that is known, and asking leaves no doubt at all', async () => {
    expect(await fails(SharedErrors.UNAVAILABLE('given up', { details: { mayHaveArrived: false } }), 'sends')).toMatchObject({ code: 'SMS_PROVIDER_AWAY' });
    expect(await fails(new Error('who knows'), 'asks')).toMatchObject({ code: 'SMS_PROVIDER_AWAY' });
  });
});
