import {ROOT} from './root.js'

// The one way to a script's address under Trusted Types: a file beside this one, or the service worker.

const make = address => address
const policy = self.trustedTypes?.createPolicy('gateway', {createScriptURL: make}) ?? {createScriptURL: make}
const FILES = ['digest-worker.js', 'proof-worker.js', 'scan-worker.js']

export function worker(name) {
  if (!FILES.includes(name)) throw new TypeError(`no worker ${name}`)
  return new Worker(policy.createScriptURL(new URL(name, import.meta.url).href), {type: 'module'})
}

// Codes hold the address of this site in capitals, and a service worker answers only for paths as it was asked for.
export async function serve() {
  for (const root of new Set([ROOT, ROOT.toUpperCase()]))
    await navigator.serviceWorker?.register(policy.createScriptURL(`${root}/service-worker.js`))
}
