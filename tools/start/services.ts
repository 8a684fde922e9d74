/** A service of the system, as `npm start` runs it. */
export interface Service {
  /** Folder below apps/, and name in messages. */
  readonly name: string;
  /** Environment variable that sets its port. */
  readonly portVariable: string;
  readonly defaultPort: number;
  /** A few words for the table of addresses. */
  readonly purpose: string;
}

/** All services, in the order in which they are listed. None waits for another: they may start in any order. */
export const services: readonly Service[] = [
  { name: 'gateway', portVariable: 'GATEWAY_PORT', defaultPort: 3000, purpose: 'the HTTP API' },
  { name: 'mq-broker', portVariable: 'MQ_BROKER_PORT', defaultPort: 3010, purpose: 'the message broker' },
  { name: 'realtime-gateway', portVariable: 'REALTIME_GATEWAY_PORT', defaultPort: 3020, purpose: 'Socket.IO' },
  { name: 'email-worker', portVariable: 'EMAIL_WORKER_PORT', defaultPort: 3031, purpose: 'sends mails' },
  { name: 'sms-worker', portVariable: 'SMS_WORKER_PORT', defaultPort: 3032, purpose: 'sends SMS' },
  { name: 'device-worker', portVariable: 'DEVICE_WORKER_PORT', defaultPort: 3033, purpose: 'operates devices' },
  { name: 'task-worker', portVariable: 'TASK_WORKER_PORT', defaultPort: 3034, purpose: 'profiles, audit trail' },
];
