// Status lists (docs/status-lists.md) by the reason codes of gateway/services/list_checks.py: whether a licence is in force.

import {Malformed} from './bytes.js'
import {decode} from './cbor.js'
import {parseSign1} from './cose.js'
import {asInstant, asText, judgeSigner} from './licence-code.js'

const SUBJECT = 2, EXPIRES_AT = 4, ISSUED_AT = 6, STATUS_LIST = 65533, TTL = 65534
const TYPE = 'application/statuslist+cwt'
const BITS = 2, PLACES = 65536, OCTETS = (PLACES * BITS) / 8
const ADDRESS = /^.+\/trust\/status\/([0-9A-Z]{18})\/(0|[1-9]\d{0,5})$/
const CLOCK_TOLERANCE = 300
const CHINA = 8 * 3600
const LISTED = {1: ['no', 'LICENCE_ENDED'], 2: ['no', 'LICENCE_SUSPENDED'], 3: ['no', 'LICENCE_SUPERSEDED']}

// Where below the root of this very site the list of a licence's place is published; null for codes that name no place.
export const listAddress = ({authority, place}) =>
  place === undefined ? null : `/trust/status/${authority}/${Math.floor(place / PLACES)}`

// claims: those of a genuine code; octets: the list at its address; now: seconds since 1970.
export async function checkStatus(claims, octets, keys, now) {
  let token, list
  try {
    token = parseSign1(octets)
    if (token.mediaType !== TYPE) throw new Malformed('a token of another kind')
    list = await readList(token.payload)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return unknown('STATUS_LIST_NOT_USABLE')
  }
  if (list.address !== listAddress(claims)) return unknown()
  if (judgeSigner(token, keys, 'list', '').genuine !== 'yes') return unknown('STATUS_LIST_NOT_USABLE')
  if (now < list.signedAt - CLOCK_TOLERANCE || now > list.expiresAt) return {...unknown('STATUS_LIST_TOO_OLD'), signedAt: list.signedAt}
  const [inForce, reason] = LISTED[statusOf(list.statuses, claims.place)] ?? byCalendar(claims, now)
  return {inForce, reasons: [reason, 'STATUS_LIST_USED'], signedAt: list.signedAt}
}

export const unknown = (...reasons) => ({inForce: 'unknown', reasons: [...reasons, 'REGISTRY_NOT_CHECKED']})

async function readList(payload) {
  const claims = decode(payload)
  const names = [SUBJECT, EXPIRES_AT, ISSUED_AT, STATUS_LIST, TTL]
  if (!(claims instanceof Map) || claims.size !== names.length || !names.every(name => claims.has(name))) throw new Malformed('other claims')
  const packed = claims.get(STATUS_LIST), named = ADDRESS.exec(asText(claims.get(SUBJECT)))
  if (!(packed instanceof Map) || packed.size !== 2 || packed.get('bits') !== BITS || named === null) throw new Malformed('not a list of ours')
  if (!Number.isSafeInteger(claims.get(TTL))) throw new Malformed('no time to live')
  return {
    address: `/trust/status/${named[1]}/${named[2]}`,
    expiresAt: asInstant(claims.get(EXPIRES_AT)),
    signedAt: asInstant(claims.get(ISSUED_AT)),
    statuses: await unpacked(packed.get('lst')),
  }
}

// Exactly one list; reading stops as soon as there is more.
async function unpacked(compressed) {
  if (!(compressed instanceof Uint8Array)) throw new Malformed('no list')
  const statuses = new Uint8Array(OCTETS)
  let at = 0
  try {
    const reader = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('deflate')).getReader()
    for (let {value, done} = await reader.read(); !done; {value, done} = await reader.read()) {
      if (at + value.length > OCTETS) throw new Malformed('more than a list')
      statuses.set(value, at)
      at += value.length
    }
  } catch {
    throw new Malformed('the list is not compressed as it should be')
  }
  if (at !== OCTETS) throw new Malformed('less than a list')
  return statuses
}

function statusOf(statuses, place) {
  const bit = (place % PLACES) * BITS
  return (statuses[bit >> 3] >> (bit & 7)) & 3
}

// The list leaves the calendar to the days in the code; days are those of China.
function byCalendar({validFrom, validUntil}, now) {
  const today = new Date((now + CHINA) * 1000).toISOString().slice(0, 10)
  if (today < validFrom) return ['no', 'LICENCE_NOT_YET_VALID']
  return validUntil !== null && today > validUntil ? ['no', 'LICENCE_EXPIRED'] : ['yes', 'IN_FORCE']
}
