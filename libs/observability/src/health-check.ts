/** One thing a service cannot do its work without. Not ready is not dead: readiness and liveness are apart. */
export interface HealthCheck {
  /** As it stands in GET /health/ready: `redis`, `postgres`, `stream-consumer` … */
  readonly name: string;
  /** Resolves with facts to show, or rejects with what is wrong. Gets a deadline from its caller. */
  check(): Promise<Readonly<Record<string, string | number | boolean>>>;
}
