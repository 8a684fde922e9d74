import { createConfig, lintFromString, type NormalizedProblem } from '@redocly/openapi-core';
import { openApiDocument, routes } from './open-api-document.js';

/** The recommended rules of the linter but these. */
const rulesOff = {
  // `…/dead-letters/redrive` beside `…/dead-letters/{deadId}`: OpenAPI says that the literal path wins, and so does Fastify; ids are UUIDs
  'no-ambiguous-paths': 'off',
  // the document itself is open and takes no input, so there is nothing to refuse
  'operation-4xx-response': 'off',
} as const;

async function problemsOf(document: object): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'], rules: rulesOff });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ ruleId, severity, message, location }: NormalizedProblem) => `${severity} ${ruleId}: ${message} at ${location[0]?.pointer ?? '?'}`);
}

describe('the OpenAPI document of the broker', () => {
  const document = openApiDocument() as { paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>; components: { schemas: Record<string, unknown> } };

  it('is valid by the linter, with examples that fit their schemas', async () => {
    expect(await problemsOf(document)).toEqual([]);
  });

  it('is refused by the linter when an example does not fit, so that the test above says something', async () => {
    const broken = structuredClone(document) as unknown as { paths: Record<string, { post: { requestBody: { content: { 'application/json': { example: { topic: unknown } } } } } }> };
    broken.paths['/api/v1/mq/publish']!.post.requestBody.content['application/json'].example.topic = 7;
    expect((await problemsOf(broken)).join()).toContain('no-invalid-media-type-examples');
  });

  it('has every route once, by its id', () => {
    const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    expect(ids.sort()).toEqual(routes.map(({ id }) => id).sort());
  });

  it('leaves no schema unnamed that clients would want a type for', () => {
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(['Topic', 'Subscription', 'PublishMessage', 'Published', 'Schedule', 'DeadLetter', 'Message', 'Error']));
  });
});
