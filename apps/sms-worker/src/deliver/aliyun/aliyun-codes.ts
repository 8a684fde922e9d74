import { account, hopeless, inDoubt, notHere, throttled, type ProviderVerdict } from '../provider-verdict.js';

/** Aliyun lets 1 code a minute, 5 an hour and 10 a day through to one phone, and does not say which of them was met. */
const FREQUENCY_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What Aliyun's codes mean for an SMS: https://help.aliyun.com/document_detail/101346.html. */
const verdicts: Readonly<Record<string, ProviderVerdict>> = {
  'isv.BUSINESS_LIMIT_CONTROL': throttled('too many SMS to this phone', FREQUENCY_MS),
  'isv.DAY_LIMIT_CONTROL': throttled("the account's limit of the day is reached", HOUR_MS),
  'isv.MONTH_LIMIT_CONTROL': account("the account's limit of the month is reached"),
  'isv.MOBILE_NUMBER_ILLEGAL': hopeless('that is no phone number'),
  'isv.MOBILE_COUNT_OVER_LIMIT': hopeless('too many phones at once'),
  'isv.BLACK_KEY_CONTROL_LIMIT': notHere('a word in the text is not allowed'),
  'isv.SMS_SIGNATURE_ILLEGAL': notHere('the signature is not approved'),
  'isv.SMS_SIGNATURE_SCENE_ILLEGAL': notHere('the signature does not fit the kind of template'),
  'isv.SIGN_STATE_ILLEGAL': notHere('the signature may not be used'),
  'isv.SMS_TEMPLATE_ILLEGAL': notHere('the template is not approved'),
  'isv.TEMPLATE_MISSING_PARAMETERS': notHere('a parameter of the template is missing'),
  'isv.TEMPLATE_PARAMS_ILLEGAL': notHere('a parameter of the template does not fit'),
  'isv.INVALID_JSON_PARAM': notHere('the parameters of the template do not fit'),
  'isv.INVALID_PARAMETERS': notHere('a parameter does not fit'),
  'isv.PARAM_LENGTH_LIMIT': notHere('a parameter of the template is too long'),
  'isv.PARAM_NOT_SUPPORT_URL': notHere('a parameter of the template holds a link'),
  'isv.DOMESTIC_NUMBER_NOT_SUPPORTED': notHere('an international template takes no number of mainland China'),
  'isv.AMOUNT_NOT_ENOUGH': account('the balance is used up'),
  'isv.OUT_OF_SERVICE': account('the account is stopped'),
  'isv.PRODUCT_UN_SUBSCRIPT': account('the account has no SMS service'),
  'isv.PRODUCT_UNSUBSCRIBE': account('the account has no SMS service'),
  'isv.ACCOUNT_NOT_EXISTS': account('the account does not exist'),
  'isv.ACCOUNT_ABNORMAL': account('the account is in an abnormal state'),
  'isv.DENY_IP_RANGE': account('calls are taken from addresses in mainland China only'),
  'isp.RAM_PERMISSION_DENY': account('the access key has no permission for SMS'),
  'isp.SYSTEM_ERROR': { kind: 'away', reason: 'it had an internal error before it took the SMS' },
  SignatureDoesNotMatch: account('the access key secret is wrong'),
  SignatureNonceUsed: inDoubt('something on the way sent the request twice'),
  ServiceUnavailable: inDoubt('it was not available'),
  InternalError: inDoubt('it had an internal error'),
};

/** By code, then by what families of codes have in common. A body with a code that is not OK means that nothing was sent, unless the table doubts it. */
export function judgeAliyun(code: string): ProviderVerdict {
  const known = verdicts[code];
  if (known !== undefined) return known;
  if (code.startsWith('Throttling')) return throttled('too many requests', 5_000);
  if (/^(?:InvalidAccessKeyId|Forbidden|InvalidTimeStamp|IncompleteSignature|MissingAccessKeyId)/.test(code)) return account('the access key was refused');
  if (code.startsWith('isp.')) return { kind: 'away', reason: 'it could not take the SMS' };
  return notHere('it refused the SMS');
}
