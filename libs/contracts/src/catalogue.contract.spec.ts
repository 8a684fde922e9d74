import { allContracts, catalogue, checkPayload, createAddresses, findContract, toJsonSchema, UserCreated } from './index.js';

const eventName = /^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*){1,2}$/;
const jobName = /^[a-z]+(-[a-z]+)+$/;

describe('the catalogue of contracts', () => {
  it.each(allContracts.map((contract) => [contract.name, contract] as const))('%s: its example fits and survives JSON', (_name, contract) => {
    const overTheWire: unknown = JSON.parse(JSON.stringify(contract.example));
    expect(checkPayload(contract.name, contract.schema, overTheWire)).toEqual(contract.example);
    if (contract.kind === 'request') expect(contract.responseSchema.parse(contract.responseExample)).toEqual(contract.responseExample);
  });

  it.each(allContracts.map((contract) => [contract.name, contract] as const))('%s: is described, versioned and exported as JSON Schema', (_name, contract) => {
    expect(contract.description.length).toBeGreaterThan(10);
    expect(contract.version).toBeGreaterThanOrEqual(1);
    const { payload } = toJsonSchema(contract);
    expect(payload).toMatchObject({ $id: `urn:angarium:schema:${contract.name}:${contract.version}`, type: 'object' });
  });

  it('has no name twice', () => {
    const names = allContracts.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('names events, requests and signals domain.entity.verb and jobs verb-object', () => {
    for (const { name, kind } of allContracts) expect(name).toMatch(kind === 'job' ? jobName : eventName);
  });

  it('states events in the past tense', () => {
    for (const { name } of catalogue.events) expect(name.split('.').at(-1)).toMatch(/(ed|sent)$/);
  });

  it('gives every event a subject', () => {
    for (const event of catalogue.events) expect(event.subjectOf(event.example).length).toBeGreaterThan(0);
  });

  it('finds a contract by name and nothing by another', () => {
    expect(findContract('user.created')).toBe(UserCreated);
    expect(findContract('user.invented')).toBeUndefined();
  });
});

describe('a payload that breaks its contract', () => {
  it('is refused with the path of every bad field and none of the values', () => {
    const broken = { ...UserCreated.example, email: 'not-an-address', username: 7 };
    expect(() => checkPayload('user.created', UserCreated.schema, broken)).toThrow(
      expect.objectContaining({
        code: 'CONTRACT_BROKEN',
        details: { contract: 'user.created', faults: [expect.objectContaining({ path: 'email' }), expect.objectContaining({ path: 'username' })] },
      }) as Error,
    );
    expect(() => checkPayload('user.created', UserCreated.schema, broken)).not.toThrow(/not-an-address/);
  });
});

describe('addresses', () => {
  it('follow namespace:domain:type and keep what belongs to a stream in its cluster slot', () => {
    const addresses = createAddresses('shop');
    const stream = addresses.eventStream('user.created');
    expect(stream).toBe('shop:events:{user.created}');
    const beside = [addresses.deadLetterStream(stream, 'email-worker'), addresses.producerKey(stream, 'p1'), addresses.dedupKey(stream, 'm1'), addresses.orderLease(stream, 'g')];
    for (const key of beside) expect(key).toMatch(/^shop:[a-z]+:\{user\.created\}:/);
  });
});
