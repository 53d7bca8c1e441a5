// Reads QR codes with zxing-wasm. Only this worker may compile WebAssembly; it is loaded when the reader taps.

import {prepareZXingModule, readBarcodes} from './zxing-reader.js'

prepareZXingModule({overrides: {locateFile: () => new URL('zxing_reader.wasm', import.meta.url).href}})

self.onmessage = async ({data: picture}) => {
  try {
    const found = await readBarcodes(picture, {formats: ['QRCode'], tryHarder: true, maxNumberOfSymbols: 4})
    self.postMessage({texts: found.filter(code => code.isValid).map(code => code.text)})
  } catch {
    self.postMessage({failed: true})
  }
}
