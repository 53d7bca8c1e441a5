// Signed lists of licences (docs/signed-list.md), with the verdicts and reason codes of gateway/services/list_checks.py.

import {Malformed} from './bytes.js'
import {decode} from './cbor.js'
import {parseSign1} from './cose.js'
import {creditCodeOf, identifierOf, ROOT} from './identifiers.js'
import {asInstant, asText, judgeSigner} from './licence-code.js'

const ISSUER = 1, SUBJECT = 2, EXPIRES_AT = 4, ISSUED_AT = 6, LIST = -65602
const TYPE = 'application/licence-list+cwt'
const CLOCK_TOLERANCE = 300
const LONGEST = 86400 * 1e9
const STATUSES = ['valid', 'expired', 'not_yet_valid', 'suspended', 'revoked', 'withdrawn', 'cancelled', 'superseded', 'sample']
const GENUINE = ['yes', 'no', 'unknown']
const STATES = ['answered', 'stale', 'never_reported']

// now: seconds since 1970.
export function checkSignedList(octets, keys, now) {
  let token, stated
  try {
    token = parseSign1(octets)
    if (token.mediaType !== TYPE) throw new Malformed('a token of another kind')
    stated = readList(token.payload)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return {genuine: 'unknown', inForce: 'unknown', reasons: ['LIST_UNREADABLE']}
  }
  const found = {stated, ...judgeSigner(token, keys, 'list', 'LIST_SIGNER_UNKNOWN')}
  if (found.genuine === 'no') return {...found, inForce: 'not_applicable'}
  if (found.genuine === 'unknown') return {...found, inForce: 'unknown'}
  const standing = now + CLOCK_TOLERANCE < stated.asOf ? 'LIST_NOT_YET' : now > stated.expiresAt ? 'LIST_TOO_OLD' : 'LIST_CURRENT'
  return {...found, inForce: standing === 'LIST_CURRENT' ? 'yes' : 'no', reasons: ['GENUINE', standing]}
}

function readList(octets) {
  const claims = asMap(decode(octets), [ISSUER, SUBJECT, EXPIRES_AT, ISSUED_AT, LIST])
  const list = asMap(claims.get(LIST), ['enterprise', 'count', 'licences', 'reported', 'authorities', 'checkpoint'])
  const enterprise = list.get('enterprise') === null ? null : asMap(list.get('enterprise'), ['name', 'status'])
  const licences = asList(list.get('licences')).map(readLicence)
  if (list.get('count') !== licences.length) throw new Malformed('the count is not that of the licences')
  if (list.get('checkpoint') !== null) asText(list.get('checkpoint'))
  if (enterprise !== null) asText(enterprise.get('status'))
  return {
    issuer: asText(claims.get(ISSUER)),
    holderCode: creditCodeOf(asText(claims.get(SUBJECT))),
    asOf: asInstant(claims.get(ISSUED_AT)),
    expiresAt: asInstant(claims.get(EXPIRES_AT)),
    enterpriseName: enterprise === null ? null : asText(enterprise.get('name')),
    licences,
    reported: asList(list.get('reported')).map(readReport),
    authorities: asList(list.get('authorities')).map(readAuthority),
  }
}

function readLicence(value) {
  const fields = asMap(value, ['authority', 'genuine', 'holder', 'identifier', 'issued_on', 'number', 'sm3', 'status', 'type', 'valid_from', 'valid_until'])
  const digest = fields.get('sm3'), identifier = asText(fields.get('identifier'))
  if (!(digest instanceof Uint8Array) || digest.length !== 32) throw new Malformed('an SM3 digest has 32 octets')
  if (!identifier.startsWith(`${ROOT}.`)) throw new Malformed('not a licence identifier')
  identifierOf(identifier.slice(ROOT.length + 1))
  for (const name of ['authority', 'holder']) asText(fields.get(name))
  for (const name of ['issued_on', 'valid_from']) asDay(fields.get(name))
  return {...readLine(fields), genuine: asWord(fields.get('genuine'), GENUINE)}
}

const readReport = value => readLine(asMap(value, ['authority', 'number', 'status', 'type', 'valid_until']))

function readLine(fields) {
  asText(fields.get('authority'))
  return {
    type: asText(fields.get('type')),
    number: asText(fields.get('number')),
    status: asWord(fields.get('status'), STATUSES),
    validUntil: fields.get('valid_until') === null ? null : asDay(fields.get('valid_until')),
  }
}

function readAuthority(value) {
  const fields = asMap(value, ['code', 'last_report_at', 'name', 'stale_after', 'state'])
  const patience = fields.get('stale_after')
  asText(fields.get('code'))
  if (fields.get('last_report_at') !== null) asInstant(fields.get('last_report_at'))
  if (!Number.isSafeInteger(patience) || Math.abs(patience) >= LONGEST) throw new Malformed('not a span of time')
  return {name: asText(fields.get('name')), state: asWord(fields.get('state'), STATES)}
}

function asMap(value, names) {
  if (!(value instanceof Map) || value.size !== names.length || !names.every(name => value.has(name))) {
    throw new Malformed('a map has not exactly its fields')
  }
  return value
}

function asList(value) {
  if (!Array.isArray(value)) throw new Malformed('not a list')
  return value
}

function asWord(value, words) {
  if (!words.includes(value)) throw new Malformed('none of the words')
  return value
}

function asDay(value) {
  const day = /^(?!0000)\d{4}-\d{2}-\d{2}$/.test(asText(value)) ? new Date(`${value}T00:00:00Z`) : null
  if (day === null || Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== value) throw new Malformed('not a day')
  return value
}
