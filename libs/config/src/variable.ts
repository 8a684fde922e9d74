import { z } from 'zod';

/** One environment variable: how it is read, and everything a reader of the reference page wants to know. */
export interface Variable<T> {
  /** Parses the text of the variable, or `undefined` when it is unset. */
  readonly schema: z.ZodType<T>;
  readonly description: string;
  /** `ms`, `bytes`, `count` …; shown behind the value. */
  readonly unit?: string;
  /** Hidden by --print-config and in messages. */
  readonly secret: boolean;
  /** As it would stand in `.env`; undefined where there is none. */
  readonly defaultText?: string;
  /** What a fitting value looks like, for the message that names the fault. */
  readonly expected: string;
}

interface Common<T> {
  description: string;
  default?: T;
  unit?: string;
  secret?: boolean;
}

function make<T>(base: z.ZodType<T>, expected: string, options: Common<T>, text: (value: T) => string = String): Variable<T> {
  const schema = options.default === undefined ? base : base.optional().transform((value) => value ?? (options.default as T));
  return {
    schema,
    description: options.description,
    secret: options.secret ?? false,
    expected,
    ...(options.unit === undefined ? {} : { unit: options.unit }),
    ...(options.default === undefined ? {} : { defaultText: text(options.default) }),
  };
}

const digits = z.string().regex(/^-?\d+$/).transform(Number);

/** Constructors of variables. Without `default` a variable must be set. */
export const variable = {
  text: (options: Common<string> & { minLength?: number; maxLength?: number; pattern?: RegExp; expected?: string }): Variable<string> => {
    let base = z.string().min(options.minLength ?? 1).max(options.maxLength ?? 2000);
    if (options.pattern) base = base.regex(options.pattern);
    const length = options.minLength === undefined ? 'a text' : `at least ${options.minLength} characters`;
    return make(base, options.expected ?? length, options);
  },

  /** A text that may be left out altogether. */
  optionalText: (options: Omit<Common<string>, 'default'>): Variable<string | undefined> => ({
    ...make<string | undefined>(z.string().min(1).optional(), 'a text, or nothing', { ...options }),
  }),

  url: (options: Common<string> & { protocols: readonly string[] }): Variable<string> => {
    const fits = (value: string) => {
      const scheme = /^([a-z+]+):\/\/./.exec(value)?.[1];
      return scheme !== undefined && options.protocols.includes(scheme);
    };
    return make(z.string().refine(fits), `a URL with ${options.protocols.map((it) => `${it}://`).join(' or ')}`, { secret: true, ...options });
  },

  optionalUrl: (options: Omit<Common<string>, 'default'> & { protocols: readonly string[] }): Variable<string | undefined> => {
    const required = variable.url(options);
    return { ...required, schema: required.schema.optional(), expected: `${required.expected}, or nothing` };
  },

  integer: (options: Common<number> & { min: number; max: number }): Variable<number> =>
    make(digits.pipe(z.number().min(options.min).max(options.max)), `a whole number from ${options.min} to ${options.max}`, options),

  port: (options: Common<number>): Variable<number> => variable.integer({ min: 0, max: 65_535, ...options }),

  flag: (options: Common<boolean>): Variable<boolean> =>
    make(z.enum(['true', 'false']).transform((value) => value === 'true'), 'true or false', options),

  oneOf: <const V extends string>(values: readonly V[], options: Common<NoInfer<V>>): Variable<V> =>
    make(z.enum(values as readonly [V, ...V[]]) as unknown as z.ZodType<V>, `one of ${values.join(', ')}`, options),
};
