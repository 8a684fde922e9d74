/** A map that forgets what was not used for longest when it would hold more than `maxCount`. */
export class RecentMap<K, V> {
  private readonly entries = new Map<K, V>();

  constructor(private readonly maxCount: number) {}

  get(key: K): V | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    // a Map keeps the order of insertion: what is used goes to its end
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.maxCount) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }

  delete(key: K): void {
    this.entries.delete(key);
  }
}
