import * as api from '@angarium/contracts/broker-api';
import { routes } from './routes.js';

describe('the routes that the client knows', () => {
  it.each(Object.entries(routes))('%s is where its contract has it', (name, route) => {
    const contract = api[name as keyof typeof routes];
    expect({ method: route.method, path: route.path }).toEqual({ method: contract.method, path: contract.path });
  });

  it.each(Object.entries(routes).filter(([, { repeatable }]) => repeatable === 'by-key'))('%s is repeated by key only because the broker remembers its keys', (name) => {
    expect(api[name as keyof typeof routes].isIdempotent).toBe(true);
  });
});
