// Keeps the page /check, its scripts, the newest published keys and status lists, for when there is no network.
// The list of files and the version are put before this text when it is served (verify_web/script_files.py).
/* global VERSION, ROOT, FILES */

const OURS = `gateway${ROOT}`
const KEPT = `${OURS}-${VERSION}`
const PAGE = `${ROOT}/check`
const KEYS = `${ROOT}/trust/keys`
const SCRIPTS = `${FILES[0].slice(0, FILES[0].lastIndexOf('/'))}/`
const STATUS_LIST = /^\/trust\/status\/[0-9A-Z]{18}\/\d{1,4}$/

self.addEventListener('install', event => {
  event.waitUntil(caches.open(KEPT).then(kept => kept.addAll([PAGE, KEYS, ...FILES])).then(() => self.skipWaiting()))
})

self.addEventListener('activate', event => {
  const clean = async () => {
    // Under another path of this host there may be a gateway as well: what it keeps is its own.
    for (const name of await caches.keys())
      if (name.slice(0, name.lastIndexOf('-')) === OURS && name !== KEPT) await caches.delete(name)
    await self.clients.claim()
  }
  event.waitUntil(clean())
})

self.addEventListener('fetch', event => {
  const {request} = event, {origin, pathname} = new URL(request.url)
  if (request.method !== 'GET' || origin !== self.location.origin || !pathname.toUpperCase().startsWith(`${ROOT}/`.toUpperCase())) return
  const path = pathname.slice(ROOT.length)
  if (pathname.startsWith(SCRIPTS)) event.respondWith(kept(request, pathname))
  else if (pathname === KEYS || pathname === PAGE || STATUS_LIST.test(path)) event.respondWith(newest(request, pathname))
  else if (request.mode === 'navigate' && /^\/q\/[^/]+$/i.test(path)) event.respondWith(fetch(request).catch(() => caches.match(PAGE)))
})

// A script never changes under its address; one that was not taken along, as the scanner, is kept once it was used.
async function kept(request, pathname) {
  const found = await caches.match(pathname)
  if (found) return found
  const response = await fetch(request)
  if (response.ok) await (await caches.open(KEPT)).put(pathname, response.clone())
  return response
}

// From the network when it answers at all: an old copy never takes the place of an answer, not even of a refusal.
async function newest(request, pathname) {
  try {
    const response = await fetch(request)
    if (response.ok && !response.redirected) await (await caches.open(KEPT)).put(pathname, response.clone())
    return response
  } catch (error) {
    const kept = await caches.match(pathname)
    if (kept) return aged(kept)
    throw error
  }
}

// RFC 9111, 5.1: what a cache hands out of itself says how old it is; so the page can tell it from an answer.
function aged(kept) {
  const headers = new Headers(kept.headers), seconds = Math.max(0, Math.round((Date.now() - Date.parse(headers.get('Date'))) / 1000))
  headers.set('Age', String(seconds || 0))
  return new Response(kept.body, {headers})
}
