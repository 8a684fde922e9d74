import type { RouteContract } from '@angarium/contracts';
import { apiFiles } from './api-files.js';

const route = (more: Partial<RouteContract>) =>
  ({ id: 'soup.cook', method: 'POST', path: '/soups/{id}', tag: 'Soups', summary: 'Cook <one> | two.', access: { kind: 'scope', scope: 'publish' }, status: 201, errors: ['SOUP_COLD', 'SOUP_GONE'], ...more }) as RouteContract;
const document = { info: { title: 'Kitchen' }, tags: [{ name: 'Soups', description: 'Hot.' }, { name: 'Bowls' }], components: { responses: { Both: { description: '`UNAVAILABLE`: Away.\n\n`INTERNAL`: Broken.' } } } };
const filesOf = (...routes: RouteContract[]) => apiFiles('apps/kitchen/src/open-api-document.ts', { openApiDocument: () => document, routes });

describe('the reference of an API', () => {
  it('is a document and a page, named after the app', () => {
    const files = filesOf(route({}));
    expect([...files.keys()]).toEqual(['docs/reference/kitchen.openapi.json', 'docs/reference/kitchen-api.md']);
    expect(JSON.parse(files.get('docs/reference/kitchen.openapi.json') ?? '')).toEqual(document);
  });

  it('shows of each route where it is, what it does, who may and what goes wrong, under its group', () => {
    const text = filesOf(
      route({ isIdempotent: true }),
      route({ tag: 'Bowls', access: { kind: 'service', permission: 'bowls' }, errors: [] }),
      route({ tag: 'Bowls', access: { kind: 'open', reason: '' } }),
      route({ tag: 'Bowls', access: { kind: 'any-scope' }, method: 'GET', status: 200 }),
    ).get('docs/reference/kitchen-api.md');
    expect(text).toContain('with `INTERNAL`, `UNAVAILABLE`;');
    expect(text).toContain('## Soups\n\nHot.\n\n| method | path | what | scope | answers | errors |');
    expect(text).toContain('| POST | `/soups/{id}` | Cook \\<one> \\| two. | `publish` | 201 ↻ | `SOUP_COLD` `SOUP_GONE` |');
    expect(text).toContain('*service* `bowls` | 201 |  |');
    expect(text).toContain('| *open* | 201 |');
    expect(text).toContain('| GET | `/soups/{id}` | Cook \\<one> \\| two. | *any* | 200 |');
  });

  it('is refused when the file does not export what it has to', () => {
    expect(() => apiFiles('apps/kitchen/src/open-api-document.ts', { openApiDocument: () => document })).toThrow('has to export the function openApiDocument and the list routes');
  });
});
