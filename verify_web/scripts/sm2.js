// Verification with SM2 (GB/T 32918.2-2016) on the curve of GB/T 32918.5-2017. There is no secret here to keep in constant time.

import {concat, Malformed} from './bytes.js'
import {sm3} from './sm3.js'

const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn
const A = P - 3n
const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n
const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n
const GX = 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n
const GY = 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n
const IDENTITY = new TextEncoder().encode('1234567812345678')
const mod = value => ((value % P) + P) % P

export function toInteger(octets) {
  let value = 0n
  for (const octet of octets) value = (value << 8n) | BigInt(octet)
  return value
}

export function fromInteger(value) {
  const octets = new Uint8Array(32)
  for (let at = 31; at >= 0; at--, value >>= 8n) octets[at] = Number(value & 255n)
  return octets
}

// 04 ‖ x ‖ y of a point on the curve. The group has prime order, so that every such point will do (GB/T 32918.1, 6.2.1).
export function publicPoint(octets) {
  if (octets.length !== 65 || octets[0] !== 4) throw new Malformed('not an uncompressed point')
  const x = toInteger(octets.subarray(1, 33)), y = toInteger(octets.subarray(33))
  if (x >= P || y >= P || mod(y * y - (x * x + A) * x - B) !== 0n) throw new Malformed('not a point of the curve')
  return [x, y]
}

// GB/T 32918.2, 7.1: whether the 64 octets r ‖ s sign the message.
export function verify(publicKey, message, signature) {
  const [x, y] = publicPoint(publicKey)
  if (signature.length !== 64) return false
  const r = toInteger(signature.subarray(0, 32)), s = toInteger(signature.subarray(32))
  if (r < 1n || r >= N || s < 1n || s >= N) return false
  const t = (r + s) % N
  if (t === 0n) return false
  const z = sm3(concat(
    Uint8Array.of(0, IDENTITY.length * 8), IDENTITY,
    ...[A, B, GX, GY, x, y].map(fromInteger),
  ))
  const e = toInteger(sm3(concat(z, message)))
  const sum = together(s, [GX, GY, 1n], t, [x, y, 1n])
  if (sum[2] === 0n) return false
  const inverse = power(sum[2], P - 2n)
  return (e + mod(sum[0] * inverse * inverse)) % N === r
}

function power(base, exponent) {
  let result = 1n
  for (; exponent; exponent >>= 1n, base = (base * base) % P) if (exponent & 1n) result = (result * base) % P
  return result
}

// Jacobian coordinates; z = 0 is the point at infinity.
function double([x, y, z]) {
  if (z === 0n || y === 0n) return [1n, 1n, 0n]
  const zz = mod(z * z), yy = mod(y * y)
  const s = mod(4n * x * yy), m = mod(3n * (x - zz) * (x + zz))
  const x3 = mod(m * m - 2n * s)
  return [x3, mod(m * (s - x3) - 8n * yy * yy), mod(2n * y * z)]
}

function add(left, right) {
  if (left[2] === 0n) return right
  if (right[2] === 0n) return left
  const [x1, y1, z1] = left, [x2, y2, z2] = right
  const zz1 = mod(z1 * z1), zz2 = mod(z2 * z2)
  const u1 = mod(x1 * zz2), u2 = mod(x2 * zz1), s1 = mod(y1 * z2 * zz2), s2 = mod(y2 * z1 * zz1)
  const h = mod(u2 - u1), r = mod(s2 - s1)
  if (h === 0n) return r === 0n ? double(left) : [1n, 1n, 0n]
  const hh = mod(h * h), hhh = mod(h * hh), v = mod(u1 * hh)
  const x3 = mod(r * r - hhh - 2n * v)
  return [x3, mod(r * (v - x3) - s1 * hhh), mod(z1 * z2 * h)]
}

// k·left + l·right, both bit by bit at once.
function together(k, left, l, right) {
  const both = add(left, right)
  let sum = [1n, 1n, 0n]
  for (let bit = 255n; bit >= 0n; bit--) {
    sum = double(sum)
    const one = (k >> bit) & 1n, other = (l >> bit) & 1n
    if (one && other) sum = add(sum, both)
    else if (one) sum = add(sum, left)
    else if (other) sum = add(sum, right)
  }
  return sum
}
