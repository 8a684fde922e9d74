import { readFilename } from './read-filename.js';

describe('the name of an uploaded file', () => {
  it.each([
    [{ 'x-filename': 'invoice.pdf' }, 'invoice.pdf'],
    [{ 'x-filename': '%E5%8F%91%E7%A5%A8.pdf' }, '发票.pdf'],
    [{ 'content-disposition': 'attachment; filename="my invoice.pdf"' }, 'my invoice.pdf'],
    [{ 'content-disposition': "attachment; filename=x.pdf; filename*=UTF-8''%C3%BC.pdf" }, 'ü.pdf'],
    [{ 'content-disposition': 'attachment; filename=x.pdf' }, 'x.pdf'],
  ])('is read from %j', (headers, expected) => {
    expect(readFilename(headers)).toBe(expected);
  });

  it.each([{}, { 'x-filename': '' }, { 'x-filename': '..' }, { 'x-filename': '../x' }, { 'x-filename': 'a%2Fb' }, { 'x-filename': 'a%0D%0AX: y' }, { 'x-filename': '50%' }, { 'x-filename': 'x'.repeat(256) }])('is not %j', (headers) => {
    expect(() => readFilename(headers)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }) as Error);
  });
});
