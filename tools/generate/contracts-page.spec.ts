import { allContracts, defineRequest } from '@angarium/contracts';
import { z } from 'zod';
import { contractsPage, schemaFiles } from './contracts-page.js';

const GetPrice = defineRequest({
  name: 'price.get',
  version: 2,
  description: 'What does it cost?',
  timeoutMs: 500,
  schema: z.object({ article: z.string() }),
  responseSchema: z.object({ cents: z.int() }),
  example: { article: 'tea' },
  responseExample: { cents: 350 },
});

describe('the contracts page', () => {
  it('shows of each message its name in code, version, examples and schemas', () => {
    const text = contractsPage([GetPrice], new Map([[GetPrice, 'GetPrice']]));
    expect(text).toContain('| [price.get](#priceget-version-2) | `GetPrice` | 2 | What does it cost? |');
    expect(text).toContain('### price.get (version 2)\n\nWhat does it cost? Deadline unless the caller names another: 500 ms.');
    expect(text).toContain('(contracts/price.get.v2.response.schema.json)');
    expect(text).toContain('"cents": 350');
  });

  it('has every contract of the system, each by the name that it is exported as', () => {
    const text = contractsPage(allContracts);
    for (const { name, version } of allContracts) expect(text).toContain(`### ${name} (version ${version})`);
    expect(text).not.toContain('(not exported)');
  });
});

describe('the schema files', () => {
  it('are one a message, and one for the answer of a request', () => {
    const files = schemaFiles([GetPrice]);
    expect([...files.keys()]).toEqual(['price.get.v2.schema.json', 'price.get.v2.response.schema.json']);
    expect(JSON.parse(files.get('price.get.v2.response.schema.json') ?? '')).toMatchObject({ $id: 'urn:angarium:schema:price.get:2:response', required: ['cents'] });
  });
});
