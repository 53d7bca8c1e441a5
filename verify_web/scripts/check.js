// The page /check: everything in it is done on the reader's device. Texts are only ever set as text.

import {canScan, readPicture, scan} from './camera.js'
import {checkLicenceCode} from './licence-code.js'
import {presentStatus, publishedKeys} from './published.js'
import {ROOT} from './root.js'
import {checkSignedList} from './signed-list.js'
import {cameraRefusal, codeAmong, genuineHead, instant, say, sentence, stateOf, statusHead, statusTime, toneOf} from './words.js'
import {serve, worker} from './workers.js'

const at = id => document.getElementById(id)
const LIST_MOST = 1048576

const made = (name, textContent, className = '') => Object.assign(document.createElement(name), {textContent, className})

// A line of words, or of a licence: its state in word, sign and colour, then which it is.
function line(said) {
  if (typeof said === 'string') return made('p', said)
  const {tone, word} = stateOf(said), shown = made('p', '', 'state-line')
  shown.append(made('strong', word, tone), ` ${said.type} ${said.number}`.trimEnd())
  return shown
}

function show(head, reasons, lines, tone = toneOf(reasons)) {
  at('answer').replaceChildren(made('h2', head), ...reasons.map(code => made('p', sentence(code))), ...lines.map(line))
  at('answer').dataset.reasons = reasons.join(' ')
  at('answer').className = `card ${tone}`
  at('answer').hidden = false
}

// status: an addition to the answer of a genuine check, with a head, reasons and lines of its own.
async function judge(check, lines, status = () => ({reasons: [], lines: []})) {
  const published = await publishedKeys()
  if (published === null) return show(genuineHead('unknown'), ['KEYS_UNAVAILABLE'], [])
  const found = check(published.keys), isGenuine = found.genuine === 'yes'
  const standing = isGenuine ? await status(found, published.keys) : {reasons: [], lines: []}
  const age = `${say('公钥和证书状况截至', 'Keys and certificates as of')} ${instant(published.as_of)}`
  const told = [...standing.lines, ...(isGenuine ? lines(found) : []), age]
  return show(standing.head ?? genuineHead(found.genuine), [...found.reasons, ...standing.reasons], told)
}

async function standingOf({claims}, keys) {
  const status = await presentStatus(claims, keys)
  const lines = status.signedAt === undefined ? [] : [statusTime(status)]
  return {head: statusHead(status.reasons), reasons: status.reasons, lines}
}

const checkCode = payload => judge(keys => checkLicenceCode(payload, keys), ({claims}) => [
  `${claims.typeName} · ${claims.holderName} · ${claims.holderCode}`,
  `${claims.validFrom} — ${claims.validUntil ?? say('长期', 'long-term')}`,
  `${say('二维码签发于', 'The code was signed at')} ${instant(claims.issuedAt * 1000)}`,
], standingOf)

const checkList = octets => judge(keys => checkSignedList(octets, keys, Date.now() / 1000), ({stated}) => [
  `${stated.enterpriseName ?? ''} ${stated.holderCode}`,
  `${say('证照份数', 'Licences')}: ${stated.licences.length}`,
  ...stated.licences,
  ...stated.authorities.filter(each => each.state !== 'answered').map(each => `${each.name}: ${say('没有答复', 'no answer')}`),
  `${say('名单时间', 'List as of')} ${instant(stated.asOf * 1000)}`,
])

// A genuine code that was copied into another address leads everyone else to a clone: it is named before anything is checked.
function checkText(text) {
  const match = /^(?:https?:\/\/([^/?#]+))?(?:\/(?:[^/?#]+\/)*)?(?:Q\/)?([A-Z2-7]+)$/i.exec(text.trim())
  const host = match?.[1]?.toLowerCase(), ours = [location.host, ...at('tools').dataset.hosts.split(' ')]
  if (host !== undefined && !ours.includes(host)) return show(genuineHead('unknown'), ['URL_CLONES_US'], [])
  return checkCode(match ? match[2] : '-')
}

async function checkFile(file) {
  const digester = worker('digest-worker.js')
  at('progress').hidden = false
  try {
    await showDigest(await answerOf(digester, file), () => answerOf(digester, 'signatures'))
  } catch {
    show(genuineHead('unknown'), [], [say('文件未能读取。', 'The file could not be read.')])
  } finally {
    digester.terminate()
    at('progress').hidden = true
  }
}

// What a worker answers to one message; what it says of its progress is shown meanwhile.
const answerOf = (asked, message) => new Promise((done, fail) => {
  asked.onmessage = ({data}) => {
    if (data.done !== undefined) at('progress').value = data.done
    else (data.failed ? fail : done)(data)
  }
  asked.onerror = fail
  asked.postMessage(message)
})

async function showDigest({sm3, sha256}, signatures) {
  const lines = [`SM3 ${sm3}`, `SHA-256 ${sha256 ?? '—'}`]
  const response = await fetch(`${ROOT}/api/v1/digests/${sm3}`).catch(() => null)
  if (!response?.ok) return showSignatures(await signatures(), response, lines)
  const licence = await response.json()
  const words = licence.reasons.map(({code, message}) => `${say(message.zh, message.en)} (${code})`)
  const head = say('与登记的原件相同', 'The same as the registered original')
  const shown = {...licence, type: licence.licence_type, number: licence.licence_number}
  return show(head, [], [shown, licence.licence_identifier, ...words, ...lines], stateOf(licence).tone)
}

// The register has no such file, or did not answer: what the file itself shows. Only a proven change is a no.
function showSignatures({genuine, reasons}, response, lines) {
  if (genuine === 'no') return show(stateOf({genuine}).word, reasons, lines)
  if (response?.status === 404) {
    const words = say('登记簿中没有与它完全相同的文件。它可能是另存的，或不由本机关签发；要核对签名，请上传文件。',
      'The register has no file that is exactly this one. It may be saved anew, or of another issuer; upload it to check its signature.')
    return show(say('没有登记的原件', 'Not a registered original'), reasons, [words, ...lines])
  }
  const words = response ? say('登记簿未能答复。', 'The register did not answer.') : say('没有网络，登记簿未能查询。', 'Off line: the register was not asked.')
  return show(genuineHead('unknown'), reasons, [words, ...lines])
}

async function checkPicture(file) {
  let texts
  try {
    texts = await readPicture(file)
  } catch {
    return show(genuineHead('unknown'), [], [say('图片未能读取。', 'The picture could not be read.')])
  }
  if (texts.length) return checkText(codeAmong(texts))
  return show(genuineHead('unknown'), [], [say('图片中没有读出二维码。请拍得近一些、清楚一些。', 'No code was read in the picture. Take it nearer and sharper.')])
}

let scanning = false

async function useCamera() {
  if (scanning) return void (scanning = false)
  scanning = true
  at('video').hidden = false
  try {
    const texts = await scan(at('video'), () => !scanning)
    if (texts) await checkText(codeAmong(texts))
  } catch (error) {
    show(genuineHead('unknown'), [], [cameraRefusal(error)])
  } finally {
    scanning = false
    at('video').hidden = true
  }
}

at('check-text').addEventListener('submit', event => {
  event.preventDefault()
  checkText(at('code').value)
})
at('file').addEventListener('change', async ({target}) => {
  const [file] = target.files
  if (!file) return
  const head = new Uint8Array(await file.slice(0, 1).arrayBuffer())
  if (head[0] === 0xd2 || /\.(cbor|cose)$/i.test(file.name)) checkList(new Uint8Array(await file.slice(0, LIST_MOST + 1).arrayBuffer()))
  else if (file.type.startsWith('image/')) checkPicture(file)
  else checkFile(file)
})
at('camera').addEventListener('click', useCamera)
at('camera').hidden = !canScan()
at('tools').hidden = false
serve()?.catch(() => undefined)

// Off line the service worker gives this page for the address of a licence's code.
const presented = /\/q\/([^/]+)$/i.exec(location.pathname)
if (presented) checkCode(presented[1])
