// Reads QR codes from what the camera sees, or from a picture. Pictures stay on the device.

import {worker} from './workers.js'

const PAUSE = 150
const SIDES = [1600, 3200]

export const canScan = () => Boolean(self.Worker && self.WebAssembly && navigator.mediaDevices?.getUserMedia)

// Gives the texts of the codes in the first picture that has any; null when it was stopped. Throws what getUserMedia throws.
export async function scan(video, stopped) {
  const stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}})
  const reader = worker('scan-worker.js')
  try {
    video.srcObject = stream
    await video.play()
    while (!stopped()) {
      const texts = await read(reader, pictureOf(video, video.videoWidth, video.videoHeight))
      if (texts.length) return texts
      await new Promise(done => setTimeout(done, PAUSE))
    }
    return null
  } finally {
    reader.terminate()
    stream.getTracks().forEach(track => track.stop())
    video.srcObject = null
  }
}

// The texts of the codes in a picture; none when there is none. Throws for what is no picture.
export async function readPicture(file) {
  const bitmap = await createImageBitmap(file)
  const reader = worker('scan-worker.js')
  try {
    // A photo is read sooner and more surely when it is small; a small code on a large sheet needs more of it.
    for (const side of SIDES) {
      const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height))
      const texts = await read(reader, pictureOf(bitmap, Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale)))
      if (texts.length || scale === 1) return texts
    }
    return []
  } finally {
    reader.terminate()
    bitmap.close()
  }
}

function pictureOf(source, width, height) {
  const canvas = Object.assign(document.createElement('canvas'), {width, height})
  const context = canvas.getContext('2d', {willReadFrequently: true})
  context.drawImage(source, 0, 0, width, height)
  return context.getImageData(0, 0, width, height)
}

function read(reader, picture) {
  return new Promise((done, fail) => {
    reader.onmessage = ({data}) => (data.failed ? fail(new Error('the scanner failed')) : done(data.texts))
    reader.onerror = () => fail(new Error('the scanner could not be loaded'))
    reader.postMessage(picture)
  })
}
