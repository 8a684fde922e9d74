/** Whose national numbers are understood: SMS_DEFAULT_REGION. A class, so that it can be injected. */
export class PhoneRegion {
  constructor(readonly name: string) {}
}
