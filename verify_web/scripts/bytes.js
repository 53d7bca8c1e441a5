// Octets and their texts. Everything throws Malformed for what is not exactly right.

export class Malformed extends Error {}

export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

export const equal = (a, b) => a.length === b.length && a.every((octet, index) => octet === b[index])

export const toHex = octets => Array.from(octets, octet => octet.toString(16).padStart(2, '0')).join('')

export function fromHex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Malformed('not lower-case hexadecimal')
  return Uint8Array.from(text.match(/../g) ?? [], pair => parseInt(pair, 16))
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

// RFC 4648, 6, without padding; only the canonical form: the bits that are left over are zero.
export function fromBase32(text) {
  if (!/^[A-Z2-7]+$/.test(text) || [1, 3, 6].includes(text.length % 8)) throw new Malformed('not base32')
  const octets = new Uint8Array((text.length * 5) >> 3)
  let bits = 0, held = 0, at = 0
  for (const character of text) {
    held = (held << 5) | BASE32.indexOf(character)
    bits += 5
    if (bits >= 8) {
      bits -= 8
      octets[at++] = held >> bits
      held &= (1 << bits) - 1
    }
  }
  if (held) throw new Malformed('not canonical base32')
  return octets
}
