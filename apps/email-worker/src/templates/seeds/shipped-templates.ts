import { alertSeed } from './alert.seed.js';
import { digestSeed } from './digest.seed.js';
import type { ShippedTemplate } from './shipped-template.js';
import { verificationSeed } from './verification.seed.js';
import { welcomeSeed } from './welcome.seed.js';

/** The templates that every installation has. */
export const shippedTemplates: readonly ShippedTemplate[] = [welcomeSeed, verificationSeed, alertSeed, digestSeed];
