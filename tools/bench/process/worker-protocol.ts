/** What a worker can be asked, by name: each an asynchronous function of one argument that goes over IPC as JSON. */
export type Commands = Readonly<Record<string, (ask: never) => Promise<unknown>>>;
export type Answer<C extends Commands, N extends keyof C> = Awaited<ReturnType<C[N]>>;

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly ask: unknown;
}

/** `id` 0: the worker is ready. */
export type Reply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

export interface Served<C extends Commands> {
  readonly commands: C;
  readonly stop: () => Promise<unknown>;
}
