import { z } from 'zod';
import { defineJob } from '../contract.js';

const deviceFields = {
  deviceId: z.string().min(1).max(100),
  userId: z.string().min(1).max(100).optional().describe('On whose behalf.'),
};
const example = { deviceId: 'device-001', userId: 'user-123' };
const shared = { version: 1, queue: 'device-operation' } as const;

/** Settings of an Android container; what is left out stays as it is, or has the default of the worker. */
export const deviceParams = z.object({
  resolution: z.string().regex(/^[1-9]\d{2,3}x[1-9]\d{2,3}$/, 'give width x height, such as 1080x1920').optional(),
  dpi: z.int().min(72).max(640).optional(),
  cpus: z.number().min(0.5).max(64).optional(),
  memoryMb: z.int().min(256).max(65_536).optional(),
  storageMb: z.int().min(512).max(1_048_576).optional(),
  image: z.string().min(1).max(300).optional().describe('Container image; only those that the worker is configured to run.'),
});

export const StartDevice = defineJob({
  ...shared,
  name: 'start-device',
  description: 'Starts an Android device and resolves when it has booted and answers over ADB.',
  timeoutMs: 600_000,
  schema: z.object({ ...deviceFields, params: deviceParams.optional() }),
  example: { ...example, params: { resolution: '1080x1920', dpi: 480 } },
});

export const StopDevice = defineJob({
  ...shared,
  name: 'stop-device',
  description: 'Stops a device; its data stays.',
  timeoutMs: 120_000,
  schema: z.object(deviceFields),
  example,
});

export const RestartDevice = defineJob({
  ...shared,
  name: 'restart-device',
  description: 'Restarts a device and resolves when it answers again.',
  timeoutMs: 600_000,
  schema: z.object({ ...deviceFields, params: deviceParams.optional() }),
  example,
});

export const ResetDevice = defineJob({
  ...shared,
  name: 'reset-device',
  description: 'Forgets all data of a device and starts it anew.',
  timeoutMs: 600_000,
  schema: z.object({ ...deviceFields, params: deviceParams.optional() }),
  example,
});

const packageName = z
  .string()
  .max(255)
  .regex(/^[A-Za-z]\w*(\.[A-Za-z]\w*)+$/, 'give an Android package name, such as com.example.app');

export const InstallApp = defineJob({
  ...shared,
  name: 'install-app',
  description: 'Downloads an APK, verifies it and installs it on a device.',
  timeoutMs: 900_000,
  schema: z.object({
    ...deviceFields,
    packageName,
    apkUrl: z.url({ protocol: /^https?$/ }).max(2_000),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'give 64 lower-case hexadecimal digits')
      .optional()
      .describe('Of the APK; where given, another file is refused.'),
  }),
  example: { ...example, packageName: 'com.example.app', apkUrl: 'https://example.com/app.apk' },
});

export const UninstallApp = defineJob({
  ...shared,
  name: 'uninstall-app',
  description: 'Removes an app from a device.',
  timeoutMs: 120_000,
  schema: z.object({ ...deviceFields, packageName }),
  example: { ...example, packageName: 'com.example.app' },
});
