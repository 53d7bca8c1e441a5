// The page of a scanned licence code: this device checks the code's signature too, and says whether it came to the same.

import {checkLicenceCode} from './licence-code.js'
import {publishedKeys} from './published.js'
import {say} from './words.js'

const EQUAL = ['本机也核对了这个码的签名，与本页的结论相同。', 'This device checked the signature itself: it comes to the same.']
const DIFFERS = ['本机核对签名的结论与本页不同：请勿采信，请问发证机关。', 'This device’s own check differs: rely on neither, ask the authority.']
const COULD_NOT = ['本机未能核对这个码的签名；以上是登记簿的答复。', 'This device could not check the signature; above is what the register says.']

async function compare({expected, identifier}, payload) {
  const published = await publishedKeys()
  if (published === null) return ['unknown', COULD_NOT]
  const {claims, genuine, reasons} = checkLicenceCode(payload, published.keys)
  const isSame = expected.split(' ').includes(reasons[0]) && (identifier === '' || claims?.identifier === identifier)
  if (isSame) return ['good', EQUAL]
  return genuine === 'unknown' ? ['unknown', COULD_NOT] : ['bad', DIFFERS]
}

const line = document.getElementById('own-check')
const [, payload] = /\/q\/([^/]+)$/i.exec(location.pathname) ?? []
if (line && payload) {
  const [tone, words] = await compare(line.dataset, payload).catch(() => ['unknown', COULD_NOT])
  line.classList.add(tone)
  line.dataset.found = tone
  line.textContent = say(...words)
}
