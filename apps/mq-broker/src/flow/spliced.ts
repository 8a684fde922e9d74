/** JSON text of an object and of members whose values are JSON text already: these stand in it letter by letter. */
export function spliced(value: object, texts: Readonly<Record<string, string>>): string {
  let json = JSON.stringify(value).slice(0, -1);
  for (const name of Object.keys(texts)) json += `${json === '{' ? '' : ','}${JSON.stringify(name)}:${texts[name] ?? 'null'}`;
  return `${json}}`;
}
