// SM3 (GB/T 32905-2016), in pieces: a file of any size needs no more memory than a block.

const START = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e]
const BLOCK = 64
const rotate = (word, by) => (word << by) | (word >>> (32 - by))
const ROUND = Array.from({length: 64}, (_, j) => rotate(j < 16 ? 0x79cc4519 : 0x7a879d8a, j % 32))

export class Sm3 {
  #state = Int32Array.from(START)
  #held = new Uint8Array(BLOCK)
  #words = new Int32Array(68)
  #count = 0

  update(octets) {
    for (let at = 0; at < octets.length; ) {
      const from = this.#count % BLOCK
      const taken = Math.min(BLOCK - from, octets.length - at)
      this.#held.set(octets.subarray(at, at + taken), from)
      this.#count += taken
      at += taken
      if (this.#count % BLOCK === 0) this.#compress()
    }
    return this
  }

  digest() {
    const bits = BigInt(this.#count) * 8n
    const padding = new Uint8Array((119 - (this.#count % BLOCK)) % BLOCK + 1 + 8)
    padding[0] = 0x80
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits)
    this.update(padding)
    const digest = new Uint8Array(32)
    this.#state.forEach((word, index) => new DataView(digest.buffer).setInt32(index * 4, word))
    return digest
  }

  #compress() {
    const w = this.#words, view = new DataView(this.#held.buffer)
    for (let j = 0; j < 16; j++) w[j] = view.getInt32(j * 4)
    for (let j = 16; j < 68; j++) {
      const x = w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)
      w[j] = x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(w[j - 13], 7) ^ w[j - 6]
    }
    let [a, b, c, d, e, f, g, h] = this.#state
    for (let j = 0; j < 64; j++) {
      const a12 = rotate(a, 12)
      const ss1 = rotate((a12 + e + ROUND[j]) | 0, 7)
      const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c)
      const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g)
      const tt1 = (ff + d + (ss1 ^ a12) + (w[j] ^ w[j + 4])) | 0
      const tt2 = (gg + h + ss1 + w[j]) | 0
      d = c; c = rotate(b, 9); b = a; a = tt1
      h = g; g = rotate(f, 19); f = e; e = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17)
    }
    ;[a, b, c, d, e, f, g, h].forEach((word, index) => { this.#state[index] ^= word })
  }
}

export const sm3 = octets => new Sm3().update(octets).digest()
