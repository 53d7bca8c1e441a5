// Whether a PDF was changed after it was signed: the ranges (ISO 32000-2, 12.8.1), the digest and the SM2 value, with the
// reason codes of gateway/domain/conclusion.py. Who signed and when is for the gateway to say.

import {equal, fromHex, Malformed, toHex} from './bytes.js'
import {children, expect, outermost} from './der.js'
import {Sm3, sm3} from './sm3.js'
import {verify} from './sm2.js'

const MOST_SIGNATURES = 16, MOST_OBJECTS = 500
const SEQUENCE = 0x30, SET = 0x31, INTEGER = 0x02, BITS = 0x03, STRING = 0x04, OBJECT = 0x06, TAGGED = 0xa0
const SM3 = '2a811ccf55018311', SM2 = '2a811ccf55018375', SM2_KEY = '2a811ccf5501822d', MESSAGE_DIGEST = '2a864886f70d010904'
const OPEN = 'SIGNATURE_NOT_CHECKED', PROVEN = ['CHANGED_AFTER_SIGNING', 'SIGNATURE_INVALID']
const RANGE = /\/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]/g
const OBJECT_TEXT = /(?<=^|\s)(\d{1,8} \d{1,5}) obj\b([^]*?)endobj/g
const ANY_SIGNATURE = /\/ByteRange|\/adbe\.pkcs7|\/ETSI\./
const HERE = ['adbe.pkcs7.detached', 'ETSI.CAdES.detached']

export function checkPdf(octets) {
  const text = new TextDecoder('latin1').decode(octets)
  const found = [...text.matchAll(RANGE)].filter(match => !isInStream(text, match.index)).slice(0, MOST_SIGNATURES)
  if (!text.startsWith('%PDF-')) return {genuine: 'unknown', reasons: ['UNREADABLE_INPUT']}
  if (!found.length) return {genuine: 'unknown', reasons: [ANY_SIGNATURE.test(text) ? OPEN : 'NO_SIGNATURE']}
  const judged = found.map(match => judge(octets, text, match))
  // What an unaltered signature covers was so when it was signed, however odd it looks.
  const intact = Math.max(...judged.map(({reason, end}) => (reason === OPEN ? end : 0)))
  const reasons = [...new Set(judged.map(({reason, isSound}, index) => (!isSound && found[index].index < intact ? OPEN : reason)))]
  return {genuine: reasons.some(reason => PROVEN.includes(reason)) ? 'no' : 'unknown', reasons}
}

// A file within the file has ranges of its own, which say nothing of this one.
function isInStream(text, at) {
  const last = text.lastIndexOf('stream', at)
  return last >= 0 && text.slice(last - 3, last) !== 'end'
}

function judge(octets, text, match) {
  const [start, length, next, rest] = match.slice(1).map(Number)
  const end = next + rest, hole = text.slice(length, next)
  if (end > octets.length && !/%%EOF\s*$/.test(text.slice(-32))) return {reason: 'UNREADABLE_INPUT'}
  const isSound = start === 0 && end <= octets.length && /^<([0-9a-f]{2})+>$/i.test(hole)
    && /\/Contents\s*$/.test(text.slice(Math.max(length - 32, 0), length))
  if (!isSound) return {reason: 'CHANGED_AFTER_SIGNING'}
  const dictionary = text.slice(text.lastIndexOf(' obj', match.index), length) + text.slice(next, next + 400).split('endobj')[0]
  const isPlain = HERE.some(kind => dictionary.includes(`/${kind}`))
  if (isForbidden(text, end, dictionary)) return {reason: 'CHANGED_AFTER_SIGNING', isSound}
  const ranges = [octets.subarray(0, length), octets.subarray(next, end)]
  return {reason: isPlain ? checkCms(fromHex(hole.slice(1, -1).toLowerCase()), ranges) : OPEN, isSound, end}
}

// After a certification that permits nothing (12.8.2.2.2, P 1) only what proves the signature for long may come, and after one
// that permits signing (P 2) no page that shows something else. The gateway tells whether that is all that came, and what came
// after other signatures; here: octets that are no update, and objects written anew.
function isForbidden(text, end, dictionary) {
  const later = text.slice(end), level = /\/P\s+([12])\b/.exec(dictionary)?.[1]
  if (later === '' || !/\/DocMDP/.test(dictionary) || !level || /\/DSS|\/ObjStm|\/DocTimeStamp/.test(later)) return false
  if (!/startxref\s+\d+\s+%%EOF/.test(later)) return true
  const signed = text.slice(0, end), told = level === '1' ? plainly : shown
  return [...later.matchAll(OBJECT_TEXT)].slice(0, MOST_OBJECTS).some(([, name, body]) => {
    if (level === '2' && !/\/Type\s*\/Page\b/.test(body)) return false
    const at = signed.lastIndexOf(`\n${name} obj`)
    if (at < 0) return level === '1' && !signed.includes('/ObjStm')
    return told(signed.slice(at + name.length + 5, signed.indexOf('endobj', at))) !== told(body)
  })
}

// What a page shows, however its dictionary is written.
const shown = body => ['Contents', 'Rotate'].map(key =>
  new RegExp(`/${key}\\s*(\\[[^\\]]*\\]|[^/>]*)`).exec(body)?.[1].replace(/\s*([[\]])\s*|\s+/g, '$1 ').trim() ?? '').join()

// The version of PDF that an update names changes nothing that is shown.
const plainly = body => body.replace(/\/Version\s*\/[\d.]+/, '').trim()

// A signature that is not built as it must be is none (TOTAL-FAILED, FORMAT_FAILURE).
function checkCms(octets, ranges) {
  try {
    return checkSignedData(octets, ranges)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return 'SIGNATURE_INVALID'
  }
}

// CMS (RFC 5652, 5.3) of one signer with signed attributes, SM3 and SM2.
function checkSignedData(octets, ranges) {
  const [, box] = children(outermost(octets, SEQUENCE))
  const parts = children(children(expect(box, TAGGED))[0])
  if (children(parts[2]).length !== 1) throw new Malformed('the signature brings its own content')
  const [info, ...others] = children(expect(parts.at(-1), SET))
  if (others.length) throw new Malformed('several signers')
  const [, signer, algorithm, attributes, signature, value] = children(expect(info, SEQUENCE))
  if (identifier(algorithm) !== SM3 || attributes?.tag !== TAGGED) return OPEN
  if (!equal(signedDigest(attributes), digest(ranges))) return 'CHANGED_AFTER_SIGNING'
  if (identifier(signature) !== SM2) return OPEN
  const certificate = certificateOf(signer, attributes, parts.filter(({tag}) => tag === TAGGED).flatMap(children))
  if (certificate === undefined) return OPEN
  const signed = attributes.whole.slice()
  signed[0] = SET
  return verify(keyOf(certificate), signed, plain(expect(value, STRING).content)) ? OPEN : 'SIGNATURE_INVALID'
}

function digest(ranges) {
  const running = new Sm3()
  ranges.forEach(range => running.update(range))
  return running.digest()
}

function signedDigest(attributes) {
  const found = children(attributes).map(children).filter(([type]) => toHex(expect(type, OBJECT).content) === MESSAGE_DIGEST)
  const values = found.length === 1 ? children(expect(found[0][1], SET)) : []
  if (values.length !== 1) throw new Malformed('no message digest, or more than one')
  return expect(values[0], STRING).content
}

const identifier = algorithm => toHex(expect(children(expect(algorithm, SEQUENCE))[0], OBJECT).content)

// The certificate that the signer names, and whose digest was signed (RFC 5035, 3): another one would prove nothing.
function certificateOf(signer, attributes, certificates) {
  const [issuer, number] = signer?.tag === SEQUENCE ? children(signer) : [], signed = toHex(attributes.content)
  return certificates.find(certificate => {
    const [of, , by] = fieldsOf(certificate)
    return of && issuer && number && equal(of.whole, number.whole) && equal(by.whole, issuer.whole)
      && signed.includes(toHex(sm3(certificate.whole)))
  })
}

// Serial number, algorithm, issuer, validity, subject, key; nothing for what is no certificate.
function fieldsOf(certificate) {
  try {
    const fields = children(children(certificate)[0]).filter(({tag}) => tag !== TAGGED)
    return fields.length < 6 ? [] : fields
  } catch {
    return []
  }
}

function keyOf(certificate) {
  const [algorithm, bits] = children(expect(fieldsOf(certificate)[5], SEQUENCE))
  if (toHex(expect(children(algorithm)[1], OBJECT).content) !== SM2_KEY) throw new Malformed('another kind of key')
  return expect(bits, BITS).content.subarray(1)
}

// r ‖ s of the SEQUENCE of two INTEGERs (GB/T 35276, 7.3).
function plain(octets) {
  const {to, ...pair} = outermost(octets, SEQUENCE), numbers = children(pair), signature = new Uint8Array(64)
  if (to !== octets.length || numbers.length !== 2) throw new Malformed('not r and s')
  numbers.forEach((number, index) => {
    const [first, second] = expect(number, INTEGER).content
    const digits = number.content.subarray(first ? 0 : 1)
    if (digits.length > 32 || (first === 0 && !(second & 0x80))) throw new Malformed('not r and s')
    signature.set(digits, 32 * (index + 1) - digits.length)
  })
  return signature
}
