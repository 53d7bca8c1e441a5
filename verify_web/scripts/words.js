// What the answers of checks on the device say. Chinese first; texts are only ever set as text.

const english = document.documentElement.lang.startsWith('en')
export const say = (zh, en) => (english ? en : zh)

const SENTENCES = {
  GENUINE: ['签名真实。', 'The signature is genuine.'],
  SIGNATURE_INVALID: ['签名不符：内容被改动过，或不是该机关签发。', 'The signature does not match: altered, or not signed by that authority.'],
  CHANGED_AFTER_SIGNING: ['文件在签发之后被改动过，不是原件，请勿采用。', 'The document was changed after it was signed; do not rely on it.'],
  NO_SIGNATURE: ['文件没有电子签名，无法证明它的真伪。', 'The file has no electronic signature, so nothing proves whether it is genuine.'],
  SIGNATURE_NOT_CHECKED: ['本机不能把签名核验完：证书和时间戳要由网关核验。', 'The signature cannot be checked in full here: certificate and time-stamp are for the gateway to check.'],
  UNREADABLE_INPUT: ['文件不完整，无法核验。', 'The file is not complete: could not check.'],
  SEAL_UNKNOWN: ['不认识签名所用的印章，无法核验。', 'The seal that signed is not known here: could not check.'],
  LIST_SIGNER_UNKNOWN: ['不认识名单的签名人，无法核验。', 'The signer of the list is not known here: could not check.'],
  LICENCE_CODE_UNREADABLE: ['不是可读的证照二维码，无法核验。', 'Not a readable licence code: could not check.'],
  URL_CLONES_US: ['看起来是证照二维码，网址却不属于本站，可能引向仿冒网页。不要打开它。', 'It looks like a licence’s code, but its address is not this site’s and may lead to a clone. Do not open it.'],
  LIST_UNREADABLE: ['不是可读的签名名单，无法核验。', 'Not a readable signed list: could not check.'],
  LIST_NOT_YET: ['名单的时间晚于本机时钟。', 'The list is from after this device’s clock.'],
  LIST_TOO_OLD: ['名单已过期，不能说明现在的情况。', 'The list is too old to speak for now.'],
  LIST_CURRENT: ['名单在有效时间内。', 'The list is within its time.'],
  CERTIFICATE_REVOKED: ['签名证书已吊销，无法认定。', 'The signer’s certificate is revoked: could not confirm.'],
  CERTIFICATE_EXPIRED: ['签名证书不在有效期内，无法认定。', 'The signer’s certificate is outside its validity: could not confirm.'],
  REVOCATION_NOT_CHECKED: ['未能查询证书是否吊销，无法认定。', 'Whether the certificate is revoked could not be checked.'],
  SIGNER_NOT_TRUSTED: ['签名证书不受信任，无法认定。', 'The signer’s certificate is not trusted: could not confirm.'],
  KEYS_UNAVAILABLE: ['本机没有公布的公钥，无法核验。请联网后再试。', 'The published keys are not on this device: could not check. Try again on line.'],
  IN_FORCE: ['证照有效。', 'The licence is in force.'],
  LICENCE_ENDED: ['证照已被吊销、撤销或注销。', 'The licence was revoked, withdrawn or cancelled.'],
  LICENCE_SUSPENDED: ['证照已被暂扣或限制，目前不能使用。', 'The licence is suspended and may not be used at present.'],
  LICENCE_SUPERSEDED: ['证照已被新证取代。', 'The licence was replaced by a newer one.'],
  LICENCE_EXPIRED: ['证照已过有效期。', 'The licence has expired.'],
  LICENCE_NOT_YET_VALID: ['证照的有效期尚未开始。', 'The licence is not valid yet.'],
  STATUS_LIST_USED: ['依据签名的状态名单。', 'By a signed status list.'],
  STATUS_LIST_TOO_OLD: ['手里的状态名单已过期，或晚于本机时钟。', 'The status list at hand is too old, or from after this device’s clock.'],
  STATUS_LIST_NOT_USABLE: ['得到的状态名单不能使用：读不出来，或签名不能认定。', 'The status list is not usable: unreadable, or its signature is not confirmed.'],
  REGISTRY_NOT_CHECKED: ['未能核查证照现在的状态，不知道它现在是否有效。请联网后再试。', 'The present status could not be checked, so whether the licence is in force is not known. Try again on line.'],
}

const GENUINE = {
  yes: ['签名真实', 'Signature genuine'],
  no: ['签名不符', 'Signature does not match'],
  unknown: ['无法核验', 'Could not check'],
}
const STATUS = {
  IN_FORCE: ['签名真实，证照有效', 'Signature genuine, licence in force'],
  LICENCE_ENDED: ['证照已吊销或已结束', 'Licence revoked or ended'],
  LICENCE_SUSPENDED: ['证照已暂停', 'Licence suspended'],
  LICENCE_SUPERSEDED: ['证照已被取代', 'Licence replaced'],
  LICENCE_EXPIRED: ['证照已过期', 'Licence expired'],
  LICENCE_NOT_YET_VALID: ['证照尚未生效', 'Licence not valid yet'],
}
// The words of gateway/domain/verdicts.py for one licence, with their tones.
const STATES = {
  valid: ['good', '有效', 'In force'],
  expired: ['warning', '已过期', 'Expired'],
  not_yet_valid: ['warning', '尚未生效', 'Not yet valid'],
  suspended: ['warning', '已暂扣', 'Suspended'],
  revoked: ['bad', '已吊销', 'Revoked'],
  withdrawn: ['bad', '已撤销', 'Withdrawn'],
  cancelled: ['bad', '已注销', 'Cancelled'],
  superseded: ['warning', '已换发', 'Superseded'],
  sample: ['bad', '样本，不是证照', 'A sample, no licence'],
}
const NOT_GENUINE = ['bad', '不真实', 'Not genuine'], COULD_NOT_CHECK = ['unknown', '无法核验', 'Could not check']
const STATUS_UNKNOWN = ['签名真实，状态未能核查', 'Signature genuine, status could not be checked']

const FORGED = ['SIGNATURE_INVALID', 'CHANGED_AFTER_SIGNING']

// The tone of an answer, which words and sign say as well.
export function toneOf(reasons) {
  const last = reasons.filter(reason => reason in STATUS).pop()
  if (reasons.includes('REGISTRY_NOT_CHECKED')) return 'unknown'
  if (reasons.some(reason => FORGED.includes(reason)) || last === 'LICENCE_ENDED') return 'bad'
  if (last) return last === 'IN_FORCE' ? 'good' : 'warning'
  if (reasons.includes('LIST_TOO_OLD') || reasons.includes('LIST_NOT_YET')) return 'warning'
  return reasons[0] === 'GENUINE' ? 'good' : 'unknown'
}

export const sentence = reason => `${say(...SENTENCES[reason])} (${reason})`
export const genuineHead = genuine => say(...GENUINE[genuine])
export function stateOf({status, genuine = 'yes'}) {
  const [tone, zh, en] = status === 'sample' || genuine === 'yes' ? STATES[status] : genuine === 'no' ? NOT_GENUINE : COULD_NOT_CHECK
  return {tone, word: say(zh, en)}
}
export const statusHead = reasons => say(...(STATUS[reasons[0]] ?? STATUS_UNKNOWN))
export const instant = value =>
  new Date(value).toLocaleString(english ? 'en-GB' : 'zh-CN', {timeZone: 'Asia/Shanghai'}) + ` ${say('北京时间', 'China time')}`
export const statusTime = ({at, isKept, signedAt}) =>
  isKept
    ? `${say('没有网络，用的是本机留存的名单，状况截至', 'Off line, by the list kept on this device: as of')} ${instant(at || signedAt * 1000)}`
    : `${say('状态查询于', 'Status asked at')} ${instant(at || signedAt * 1000)}`

const REFUSALS = {
  NotAllowedError: ['没有使用相机的许可。可在浏览器设置中允许，或选择图片。', 'The camera was not permitted. Allow it in the browser’s settings, or choose a picture.'],
  NotFoundError: ['没有找到相机。请选择图片。', 'No camera was found. Choose a picture.'],
  NotReadableError: ['相机正被占用。请关闭其他程序后再试。', 'The camera is in use. Close other programs and try again.'],
}
export const cameraRefusal = error =>
  say(...(REFUSALS[error.name] ?? ['扫码组件未能工作。请选择图片。', 'The scanner does not work here. Choose a picture.']))

// Of several codes in one picture the licence's own comes first.
export const codeAmong = texts => texts.find(text => /\/Q\//i.test(text)) ?? texts[0]
