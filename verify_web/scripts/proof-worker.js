// Finds the number that, after a code and a full stop, gives a SHA-256 (FIPS 180-4) with so many leading zero bits.
// All that is hashed fits one block, which is why this is faster than asking the browser for each digest.

const MOST = 55, EVERY = 65536
const PRIMES = [2]
for (let n = 3; PRIMES.length < 64; n += 2) if (PRIMES.every(prime => n % prime)) PRIMES.push(n)
const fraction = root => (root - Math.floor(root)) * 4294967296 | 0
const K = Int32Array.from(PRIMES, prime => fraction(Math.cbrt(prime)))
const START = Int32Array.from(PRIMES.slice(0, 8), prime => fraction(Math.sqrt(prime)))
const turned = (x, n) => x >>> n | x << 32 - n

const block = new Uint8Array(64), view = new DataView(block.buffer), w = new Int32Array(64)

// The first two words of the digest of a text of at most 55 octets.
export function firstWords(text) {
  if (text.length > MOST) throw new RangeError('more than one block')
  block.fill(0)
  for (let at = 0; at < text.length; at++) block[at] = text.charCodeAt(at)
  block[text.length] = 128
  view.setUint32(60, text.length * 8)
  for (let at = 0; at < 16; at++) w[at] = view.getInt32(at * 4)
  for (let at = 16; at < 64; at++) {
    const a = w[at - 15], b = w[at - 2]
    w[at] = w[at - 16] + (turned(a, 7) ^ turned(a, 18) ^ a >>> 3) + w[at - 7] + (turned(b, 17) ^ turned(b, 19) ^ b >>> 10)
  }
  let [a, b, c, d, e, f, g, h] = START
  for (let at = 0; at < 64; at++) {
    const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + (e & f ^ ~e & g) + K[at] + w[at] | 0
    const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + (a & b ^ a & c ^ b & c) | 0
    h = g; g = f; f = e; e = d + one | 0; d = c; c = b; b = a; a = one + two | 0
  }
  return [a + START[0] >>> 0, b + START[1] >>> 0]
}

self.onmessage = ({data: {code, bits}}) => {
  for (let answer = 0; ; answer++) {
    if (Math.clz32(firstWords(`${code}.${answer}`)[0]) >= bits) return self.postMessage({answer: String(answer)})
    if (answer % EVERY === EVERY - 1) self.postMessage({tried: answer + 1})
  }
}
