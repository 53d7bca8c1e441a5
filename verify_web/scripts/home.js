// The camera of the first page. The scanner is loaded when the reader taps; what it reads goes through the form.

import './upload.js'

const at = id => document.getElementById(id)
const button = at('camera')
let scanning = false

async function useCamera() {
  if (scanning) return void (scanning = false)
  scanning = true
  at('video').hidden = false
  at('camera-said').textContent = ''
  const [{scan}, {cameraRefusal, codeAmong}] = await Promise.all([import('./camera.js'), import('./words.js')])
  try {
    const texts = await scan(at('video'), () => !scanning)
    if (!texts) return
    at('text').value = codeAmong(texts)
    at('text').form.requestSubmit()
  } catch (error) {
    at('camera-said').textContent = cameraRefusal(error)
  } finally {
    scanning = false
    at('video').hidden = true
  }
}

if (self.Worker && self.WebAssembly && navigator.mediaDevices?.getUserMedia) {
  button.addEventListener('click', useCamera)
  button.classList.remove('waiting')
} else button.remove()
