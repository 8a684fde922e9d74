import { account, hopeless, inDoubt, notHere, throttled, type ProviderVerdict } from '../provider-verdict.js';

/** What Tencent's codes mean for an SMS: https://cloud.tencent.com/document/product/382/59177. */
const verdicts: Readonly<Record<string, ProviderVerdict>> = {
  'LimitExceeded.DeliveryFrequencyLimit': throttled('too many SMS to this phone', 60_000),
  'LimitExceeded.PhoneNumberThirtySecondLimit': throttled('too many SMS to this phone in 30 seconds', 30_000),
  'LimitExceeded.PhoneNumberOneHourLimit': throttled('too many SMS to this phone in an hour', 3_600_000),
  'LimitExceeded.PhoneNumberDailyLimit': throttled('too many SMS to this phone in a day', 3_600_000),
  'LimitExceeded.PhoneNumberSameContentDailyLimit': throttled('the same text to this phone too often in a day', 3_600_000),
  'LimitExceeded.AppDailyLimit': account("the application's limit of the day is reached"),
  'LimitExceeded.DailyLimit': account("the account's limit of the day is reached"),
  'LimitExceeded.PhoneNumberCountLimit': hopeless('too many phones at once'),
  'FailedOperation.PhoneNumberInBlacklist': hopeless('its owner does not want SMS, or it is blocked'),
  'FailedOperation.SignatureIncorrectOrUnapproved': notHere('the signature is not approved'),
  'FailedOperation.TemplateIncorrectOrUnapproved': notHere('the template is not approved'),
  'FailedOperation.TemplateParamSetNotMatchApprovedTemplate': notHere('the parameters do not fit the template'),
  'FailedOperation.TemplateUnapprovedOrNotExist': notHere('the template is not approved'),
  'FailedOperation.ContainSensitiveWord': notHere('a word in the text is not allowed'),
  'FailedOperation.MarketingSendTimeConstraint': throttled('advertising is not sent at this hour', 3_600_000),
  'FailedOperation.InsufficientBalanceInSmsPackage': account('the balance is used up'),
  'FailedOperation.MissingSignature': notHere('the signature is missing'),
  'InvalidParameterValue.IncorrectPhoneNumber': hopeless('that is no phone number'),
  'InvalidParameterValue.ContentLengthLimit': notHere('the text is too long'),
  'InvalidParameterValue.TemplateParameterLengthLimit': notHere('a parameter of the template is too long'),
  'InvalidParameterValue.TemplateParameterFormatError': notHere('a parameter of the template does not fit'),
  'InvalidParameterValue.SdkAppIdNotExist': account('the application does not exist'),
  'UnsupportedOperation.UnsupportedRegion': notHere('it does not send to this country'),
  'InternalError.Timeout': inDoubt('it timed out inside'),
};

/** By code, then by the families of codes. */
export function judgeTencent(code: string): ProviderVerdict {
  const known = verdicts[code];
  if (known !== undefined) return known;
  if (/^(?:AuthFailure|UnauthorizedOperation)/.test(code)) return account('the credentials or the permission were refused');
  if (code.startsWith('RequestLimitExceeded') || code.startsWith('LimitExceeded')) return throttled('too many requests', 5_000);
  if (code.startsWith('InternalError')) return inDoubt('it had an internal error');
  return notHere('it refused the SMS');
}
