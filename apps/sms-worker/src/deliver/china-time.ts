const OFFSET_MS = 8 * 3_600_000;
const form = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})$/;

/** Aliyun and Tencent write times of China without saying so: `2026-11-21 09:45:00`. Undefined when it is no such time. */
export function readChinaTime(text: unknown): Date | undefined {
  const [, day, time] = (typeof text === 'string' && form.exec(text)) || [];
  if (day === undefined || time === undefined) return undefined;
  const at = new Date(`${day}T${time}+08:00`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** The day in China as `yyyyMMdd`. */
export function chinaDay(at: Date): string {
  return new Date(at.getTime() + OFFSET_MS).toISOString().slice(0, 10).replaceAll('-', '');
}
