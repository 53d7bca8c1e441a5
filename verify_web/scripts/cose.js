// COSE_Sign1 (RFC 9052) with SM2, in the one form that signing/cose.py makes and takes.

import {Malformed, toHex} from './bytes.js'
import {array, byteString, decode, Tagged, text} from './cbor.js'
import {verify} from './sm2.js'

const SM2_WITH_SM3 = -65838
const ALG = 1, KID = 4, TYPE = 16
const MAX_OCTETS = 1048576

export function parseSign1(octets) {
  if (octets.length > MAX_OCTETS) throw new Malformed('the token is too long')
  const token = decode(octets)
  if (!(token instanceof Tagged) || token.tag !== 18 || token.value.length !== 4) throw new Malformed('not a COSE_Sign1')
  const [shield, open, payload, signature] = token.value
  const isBytes = [shield, payload, signature].every(part => part instanceof Uint8Array)
  if (!isBytes || !(open instanceof Map) || open.size || signature.length !== 64) throw new Malformed('not a COSE_Sign1')
  return {shield, payload, signature, ...protectedHeader(shield)}
}

export function isSignedBy(token, publicKey) {
  const signed = array(text('Signature1'), byteString(token.shield), byteString(new Uint8Array()), byteString(token.payload))
  return verify(publicKey, signed, token.signature)
}

function protectedHeader(octets) {
  const header = decode(octets)
  if (!(header instanceof Map) || header.size !== (header.has(TYPE) ? 3 : 2)) throw new Malformed('another header')
  const keyId = header.get(KID), mediaType = header.get(TYPE)
  if (header.get(ALG) !== SM2_WITH_SM3) throw new Malformed('not signed with SM2')
  if (!(keyId instanceof Uint8Array) || keyId.length < 1 || keyId.length > 32) throw new Malformed('no key id')
  if (header.has(TYPE) && typeof mediaType !== 'string') throw new Malformed('the type is no text')
  return {keyId: toHex(keyId), mediaType}
}
