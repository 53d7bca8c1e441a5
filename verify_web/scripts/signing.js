// Follows a signing request: loads the page again when its state has changed, and never otherwise.

const place = document.querySelector('#signing[data-events]')

if (place && self.EventSource) {
  const events = new EventSource(place.dataset.events)
  events.addEventListener('state', event => {
    if (JSON.parse(event.data).state === place.dataset.state) return
    events.close()
    location.reload()
  })
}
