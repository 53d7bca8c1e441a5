// The licence's own QR code: claims and their signature, with the verdicts and reason codes of gateway/services/licence_codes.py.

import {fromBase32, fromHex, Malformed} from './bytes.js'
import {decode} from './cbor.js'
import {isSignedBy, parseSign1} from './cose.js'
import {identifierOf} from './identifiers.js'

const SUBJECT = 2, ISSUED_AT = 6, LICENCE = -65601
const MAX_CHARACTERS = 600
const STATUSES = ['valid', 'suspended', 'revoked', 'withdrawn', 'cancelled', 'superseded']
const DAY = 86400

// keys: those of the gateway, [{use, key_id, public_key, reason}]; reason is what its certificate gave.
export function checkLicenceCode(payload, keys) {
  let token, claims
  try {
    token = parseSign1(decodePayload(payload))
    if (token.mediaType !== undefined) throw new Malformed('a token of another kind')
    claims = readClaims(token.payload)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return {genuine: 'unknown', reasons: ['LICENCE_CODE_UNREADABLE']}
  }
  return {claims, ...judgeSigner(token, keys, 'licence_code', 'SEAL_UNKNOWN')}
}

export function judgeSigner(token, keys, use, unknown) {
  const key = keys.find(each => each.use === use && each.key_id === token.keyId)
  if (key === undefined) return {genuine: 'unknown', reasons: [unknown]}
  if (!isSignedBy(token, fromHex(key.public_key))) return {genuine: 'no', reasons: ['SIGNATURE_INVALID']}
  return {genuine: key.reason === 'GENUINE' ? 'yes' : 'unknown', reasons: [key.reason]}
}

function decodePayload(payload) {
  const upper = /^[A-Za-z2-7]+$/.test(payload) ? payload.toUpperCase() : ''
  if (!upper || upper.length > MAX_CHARACTERS) throw new Malformed('not a payload')
  return fromBase32(upper)
}

function readClaims(octets) {
  const claims = decode(octets)
  if (!(claims instanceof Map) || claims.size !== 3) throw new Malformed('other claims')
  const fields = claims.get(LICENCE)
  if (!Array.isArray(fields) || fields.length < 7 || fields.length > 8) throw new Malformed('other claims')
  const [identifier, typeName, holderName, issuedOn, validFrom, validUntil, status, place] = fields
  if (!STATUSES.includes(status)) throw new Malformed('no status')
  if (fields.length === 8 && !(isWhole(place) && place >= 0 && place < 2 ** 32)) throw new Malformed('no place')
  return {
    ...identifierOf(identifier),
    typeName: asText(typeName),
    holderCode: asText(claims.get(SUBJECT)),
    holderName: asText(holderName),
    issuedOn: asDay(issuedOn),
    validFrom: asDay(validFrom),
    validUntil: validUntil === null ? null : asDay(validUntil),
    issuedAt: asInstant(claims.get(ISSUED_AT)),
    place,
  }
}

const isWhole = value => Number.isSafeInteger(value)

export function asText(value) {
  if (typeof value !== 'string') throw new Malformed('not a text')
  return value
}

// Seconds since 1970 of the years 1 to 9999, those that the gateway can tell.
export function asInstant(value) {
  if (!isWhole(value) || value < -62135596800 || value > 253402300799) throw new Malformed('not an instant')
  return value
}

const asDay = value => new Date(asInstant(isWhole(value) ? value * DAY : NaN) * 1000).toISOString().slice(0, 10)
