// What the site publishes for checks on the device; off line the service worker answers with what it kept.

import {ROOT} from './root.js'
import {checkStatus, listAddress, unknown} from './status-list.js'

const MOST = 65536

// null when they can be had neither from the network nor from what is kept.
export async function publishedKeys() {
  try {
    const response = await fetch(`${ROOT}/trust/keys`)
    return response.ok ? await response.json() : null
  } catch {
    return null
  }
}

// How the licence of a genuine code stands; at: when the list came from the site, isKept: that it did so earlier.
export async function presentStatus(claims, keys) {
  const address = listAddress(claims)
  try {
    // Asked of the site each time: what the browser keeps for some seconds would pass for an answer.
    const response = address && (await fetch(ROOT + address, {cache: 'no-cache'}))
    if (!response?.ok) return unknown()
    const octets = new Uint8Array(await (await response.blob()).slice(0, MOST + 1).arrayBuffer())
    const at = Date.parse(response.headers.get('Date'))
    return {...(await checkStatus(claims, octets, keys, Date.now() / 1000)), at, isKept: response.headers.has('Age')}
  } catch {
    return unknown()
  }
}
