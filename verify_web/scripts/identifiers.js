// Licence identifiers (GB/T 36904) and unified social credit codes (GB 32100), as gateway/domain/identifiers.py takes them.

import {Malformed} from './bytes.js'

export const ROOT = '1.2.156.3005.2'
const IDENTIFIER = /^([0-9A-Z]{21})\.([0-9A-Z]{6,18})\.([0-9A-Z]{1,64})\.([0-9]{3})\.([0-9A-Z])$/
const NOISE = /[ \t\-‐‑‒–—−·]/gu
const CREDIT = '0123456789ABCDEFGHJKLMNPQRTUWXY'

// The identifier without its root and its parts; the check character is ISO 7064 MOD 37,36.
export function identifierOf(body) {
  const match = typeof body === 'string' ? IDENTIFIER.exec(body) : null
  if (match === null) throw new Malformed('not a licence identifier')
  const [, type, authority, serial, version, check] = match
  let p = 36
  for (const character of type + authority + serial + version) p = (((p + parseInt(character, 36)) % 36 || 36) * 2) % 37
  if (((37 - p) % 36).toString(36).toUpperCase() !== check) throw new Malformed('the check character is wrong')
  return {identifier: `${ROOT}.${body}`, authority}
}

export function creditCodeOf(text) {
  if (/[\r\n]/.test(text)) throw new Malformed('two lines')
  const code = text.normalize('NFKC').replace(NOISE, '').toUpperCase()
  const values = Array.from(code, character => CREDIT.indexOf(character))
  if (values.length !== 18 || values.includes(-1)) throw new Malformed('not a credit code')
  let sum = 0, weight = 1
  for (const value of values.slice(0, 17)) {
    sum += value * weight
    weight = (weight * 3) % 31
  }
  if ((31 - (sum % 31)) % 31 !== values[17]) throw new Malformed('the check digit is wrong')
  return code
}
