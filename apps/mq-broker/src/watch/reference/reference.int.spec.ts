import { GetOpenApi } from '@angarium/contracts/broker-api';
import { startTestApi } from '../../testing/start-test-api.js';
import { openApiDocument } from './open-api-document.js';
import { ReferenceController } from './reference.controller.js';

it('the API describes itself to anybody', async () => {
  const api = await startTestApi({ controllers: [ReferenceController], callers: [{ kind: 'anyone' }] });
  try {
    const answer = await api.call(GetOpenApi);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.body).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  } finally {
    await api.close();
  }
});
