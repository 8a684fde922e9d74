export function toDatabaseError(error: unknown): unknown {
  return error;
}
export async function translateDatabaseErrors<T>(work: () => Promise<T>): Promise<T> {
  return work();
}
