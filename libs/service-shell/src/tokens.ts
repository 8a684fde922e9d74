import { Inject } from '@nestjs/common';

export const SERVICE_CONFIG = Symbol('service-config');
export const SERVICE_LOGGER = Symbol('service-logger');

/** The frozen configuration that main.ts loaded; its type is the app's own. */
export const InjectConfig = (): ParameterDecorator & PropertyDecorator => Inject(SERVICE_CONFIG);

/** The process' pino logger. */
export const InjectLogger = (): ParameterDecorator & PropertyDecorator => Inject(SERVICE_LOGGER);
