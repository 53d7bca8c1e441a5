// Digests of a file, in pieces and beside the page, which says meanwhile how far it is; then, when asked, its signatures.

import {toHex} from './bytes.js'
import {checkPdf} from './pdf-signature.js'
import {Sm3} from './sm3.js'

const PIECE = 1 << 20
let whole

async function digests(file) {
  const sm3 = new Sm3(), pieces = []
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer())
    sm3.update(piece)
    pieces.push(piece)
    self.postMessage({done: Math.min(at + PIECE, file.size) / file.size})
  }
  whole = await new Blob(pieces).arrayBuffer()
  const sha256 = await crypto.subtle?.digest('SHA-256', whole)
  return {sm3: toHex(sm3.digest()), sha256: sha256 ? toHex(new Uint8Array(sha256)) : null}
}

self.onmessage = async ({data}) => {
  try {
    self.postMessage(data === 'signatures' ? checkPdf(new Uint8Array(whole)) : await digests(data))
  } catch {
    self.postMessage({failed: true})
  }
}
