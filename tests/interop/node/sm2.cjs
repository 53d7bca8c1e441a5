// Signs and verifies with npm sm-crypto. Input and output are JSON with hexadecimal strings.
const { sm2 } = require('sm-crypto')

const options = { hash: true, der: true, userId: '1234567812345678' }
const job = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const message = Array.from(Buffer.from(job.message, 'hex'))
if (job.mode === 'verify') {
  process.stdout.write(JSON.stringify(sm2.doVerifySignature(message, job.signature, job.point, options)))
} else {
  const key = sm2.generateKeyPairHex()
  const signature = sm2.doSignature(message, key.privateKey, { ...options, publicKey: key.publicKey })
  process.stdout.write(JSON.stringify({ point: key.publicKey, signature }))
}
