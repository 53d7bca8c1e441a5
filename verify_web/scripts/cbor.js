// Deterministic CBOR (RFC 8949, 4.2.1), the few kinds of value that signed tokens are made of; the same as signing/cbor.py.
// Maps are Map, tagged arrays Tagged, integers Number or, beyond 2^53, BigInt.

import {concat, equal, Malformed} from './bytes.js'

const MAX_DEPTH = 8
const BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6, SIMPLE = 7
const WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}

export class Tagged {
  constructor(tag, value) {
    this.tag = tag
    this.value = value
  }
}

export function decode(octets) {
  const reader = new Reader(octets)
  const value = reader.value(MAX_DEPTH)
  if (reader.at !== octets.length) throw new Malformed('octets follow the CBOR value')
  return value
}

// Head of a byte string, text or array with fewer than 2^32 elements.
export function head(major, length) {
  if (length < 24) return Uint8Array.of((major << 5) | length)
  const width = length < 0x100 ? 1 : length < 0x10000 ? 2 : 4
  const octets = new Uint8Array(1 + width)
  octets[0] = (major << 5) | (width === 1 ? 24 : width === 2 ? 25 : 26)
  for (let at = width; at > 0; at--, length = Math.floor(length / 256)) octets[at] = length % 256
  return octets
}

export const byteString = octets => concat(head(BYTES, octets.length), octets)
export const text = words => {
  const octets = new TextEncoder().encode(words)
  return concat(head(TEXT, octets.length), octets)
}
export const array = (...encoded) => concat(head(ARRAY, encoded.length), ...encoded)

class Reader {
  at = 0

  constructor(octets) {
    this.octets = octets
  }

  take(length) {
    if (length > this.octets.length - this.at) throw new Malformed('the CBOR value is cut off')
    this.at += length
    return this.octets.subarray(this.at - length, this.at)
  }

  head() {
    const [first] = this.take(1)
    const major = first >> 5, low = first & 31
    if (low < 24) return [major, low]
    const width = WIDTHS[low]
    if (width === undefined || major === SIMPLE) throw new Malformed('indefinite length, float or unknown simple value')
    let argument = 0n
    for (const octet of this.take(width)) argument = (argument << 8n) | BigInt(octet)
    const least = width === 1 ? 24n : 1n << BigInt(width * 4)
    if (argument < least) throw new Malformed('not in the shortest form')
    return [major, argument <= Number.MAX_SAFE_INTEGER ? Number(argument) : argument]
  }

  value(depth) {
    const [major, argument] = this.head()
    if (major === 0) return argument
    if (major === 1) return typeof argument === 'bigint' ? -1n - argument : -1 - argument
    if (major === SIMPLE) return simple(argument)
    if (major !== TAG && argument > this.octets.length - this.at) throw new Malformed('the CBOR value is cut off')
    if (major === BYTES) return this.take(argument)
    if (major === TEXT) return decodeText(this.take(argument))
    if (depth === 0) throw new Malformed('nested too deep')
    if (major === ARRAY) return this.array(argument, depth - 1)
    return major === MAP ? this.map(argument, depth - 1) : this.tagged(argument, depth - 1)
  }

  array(length, depth) {
    const items = []
    while (items.length < length) items.push(this.value(depth))
    return items
  }

  tagged(tag, depth) {
    const value = this.value(depth)
    if (!Array.isArray(value)) throw new Malformed('only arrays are tagged')
    return new Tagged(tag, value)
  }

  map(length, depth) {
    const entries = new Map()
    let previous = new Uint8Array()
    for (let count = 0; count < length; count++) {
      const from = this.at
      const key = this.value(depth)
      const encoded = this.octets.subarray(from, this.at)
      if (!['number', 'bigint', 'string'].includes(typeof key)) throw new Malformed('a key is an integer or a text')
      if (!before(previous, encoded)) throw new Malformed('keys repeat or are out of order')
      previous = encoded
      entries.set(key, this.value(depth))
    }
    return entries
  }
}

function before(left, right) {
  const common = Math.min(left.length, right.length)
  for (let at = 0; at < common; at++) if (left[at] !== right[at]) return left[at] < right[at]
  return left.length < right.length
}

function simple(argument) {
  if (argument < 20 || argument > 22) throw new Malformed('an unknown simple value')
  return [false, true, null][argument - 20]
}

function decodeText(octets) {
  let words
  try {
    words = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(octets)
  } catch {
    throw new Malformed('a text is not UTF-8')
  }
  if (!equal(new TextEncoder().encode(words), octets)) throw new Malformed('a text is not UTF-8')
  return words
}
