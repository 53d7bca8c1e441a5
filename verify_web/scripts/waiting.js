// The queue page: this device works out what lets it in, beside the page. Without it the visitor waits.

import {worker} from './workers.js'
import {say} from './words.js'

const form = document.getElementById('waiting'), said = document.getElementById('waiting-said')
const at = name => form.elements.namedItem(name)
const working = worker('proof-worker.js')
said.textContent = say('正在自动排队，请稍候，不必操作…', 'Queuing for you; nothing to do…')
working.onmessage = ({data: {answer}}) => {
  if (!answer) return
  working.terminate()
  at('answer').value = answer
  form.submit()
}
working.onerror = () => (said.textContent = say('请等待后按“继续”。', 'Wait, then press “Continue”.'))
working.postMessage({code: at('puzzle').value.split('-').at(-1), bits: Number(form.dataset.bits)})
