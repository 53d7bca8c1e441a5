// Sends the files of forms with progress, cancel and another try. Without it the forms send them all the same.

import {say} from './words.js'

const MEGABYTE = 1048576
const megabytes = octets => (octets / MEGABYTE).toFixed(1)
const made = (name, values) => Object.assign(document.createElement(name), values)

function watch() {
  for (const form of document.querySelectorAll('form[enctype="multipart/form-data"]')) {
    form.addEventListener('submit', event => {
      if (![...form.querySelectorAll('input[type=file]')].some(input => input.files.length)) return
      event.preventDefault()
      if (!form.querySelector('.upload')) send(form, new FormData(form))
    })
  }
}

function send(form, fields) {
  const request = new XMLHttpRequest()
  const said = made('p', {textContent: say('正在上传…', 'Uploading…')}), amount = made('p', {className: 'soft'})
  said.setAttribute('role', 'status')
  const bar = made('progress', {max: 1, value: 0, ariaLabel: say('上传进度', 'Progress of the upload')})
  const stop = made('button', {type: 'button', className: 'quiet', textContent: say('取消', 'Cancel')})
  const panel = made('div', {className: 'upload'})
  panel.append(said, bar, amount, stop)
  form.append(panel)

  const failed = words => {
    said.textContent = words
    bar.remove()
    amount.remove()
    stop.textContent = say('再试一次', 'Try again')
    stop.onclick = () => {
      panel.remove()
      send(form, fields)
    }
    const close = made('button', {type: 'button', className: 'quiet', textContent: say('关闭', 'Close')})
    close.onclick = () => panel.remove()
    panel.append(' ', close)
  }
  stop.onclick = () => request.abort()
  request.upload.onprogress = ({loaded, total}) => {
    bar.value = loaded / total
    amount.textContent = `${megabytes(loaded)} / ${megabytes(total)} MB`
  }
  request.upload.onload = () => {
    bar.removeAttribute('value')
    said.textContent = say('已上传，正在核验…', 'Uploaded; checking…')
  }
  request.onabort = () => failed(say('已取消，没有结果。', 'Cancelled; there is no result.'))
  request.onerror = () => failed(say('没有传到：网络断开，或文件过大。这不说明证照是真是假。', 'Not received: the network failed, or the file is too large. That says nothing about the licence.'))
  request.onload = () => {
    if (request.responseXML === null) return request.onerror()
    return showAnswer(request, form.action)
  }
  request.open('POST', form.action)
  request.responseType = 'document'
  request.send(fields)
}

// An answer that has an address of its own is gone to; another takes the place of this page, as after a form.
function showAnswer(request, action) {
  if (request.responseURL !== action) return location.assign(request.responseURL)
  const answer = request.responseXML.documentElement
  history.pushState(null, '', action)
  document.replaceChild(document.adoptNode(answer), document.documentElement)
  const main = document.querySelector('main')
  if (document.getElementById('waiting')) import('./waiting.js')
  main.tabIndex = -1
  main.focus()
  scrollTo(0, 0)
  return watch()
}

addEventListener('popstate', () => location.reload())
watch()
