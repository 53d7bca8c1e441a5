// DER (X.690) as far as a signature needs it: short tags, definite lengths, nothing beyond its frame.

import {Malformed} from './bytes.js'

const MOST_CHILDREN = 64

// The element at an offset: its tag, its content and the whole of it.
function element(octets, at) {
  const first = octets[at + 1]
  const size = first < 0x80 ? 0 : first & 0x7f
  if (octets.length < at + 2 || (octets[at] & 0x1f) === 0x1f || first === 0x80 || size > 3) throw new Malformed('not DER')
  let length = size ? 0 : first
  for (let place = 0; place < size; place++) length = (length << 8) | octets[at + 2 + place]
  if (size && (length < 0x80 || length < 256 ** (size - 1))) throw new Malformed('a length that is not the shortest')
  const from = at + 2 + size, to = from + length
  if (!(to <= octets.length)) throw new Malformed('not DER')
  return {tag: octets[at], content: octets.subarray(from, to), whole: octets.subarray(at, to), to}
}

// The one element that there is; zeros may follow it, with which a PDF pads.
export function outermost(octets, tag) {
  const found = expect(element(octets, 0), tag)
  if (octets.subarray(found.to).some(octet => octet)) throw new Malformed('octets behind the element')
  return found
}

export function children(parent) {
  if (!parent) throw new Malformed('an element is missing')
  const {content} = parent, found = []
  for (let at = 0; at < content.length; at = found.at(-1).to) {
    if (found.length === MOST_CHILDREN) throw new Malformed('too many elements')
    found.push(element(content, at))
  }
  return found
}

export function expect(found, tag) {
  if (found?.tag !== tag) throw new Malformed('another element')
  return found
}
