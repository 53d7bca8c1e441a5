// Brings the progress of a conversion up to date. Without it the page is loaded anew every few seconds.

const PAUSE_MS = 1000
const place = name => document.getElementById(name)
const progress = place('progress')

function cell(text, className) {
  return Object.assign(document.createElement('td'), {textContent: text, className})
}

function fill(name, lines) {
  place(name).replaceChildren(...lines.map(([words, number]) => {
    const row = document.createElement('tr')
    row.append(cell(words, ''), cell(number, 'number'))
    return row
  }))
}

async function look() {
  try {
    const answer = await fetch(progress.dataset.progress, {redirect: 'error'})
    if (answer.ok) {
      const job = await answer.json()
      if (job.state !== progress.dataset.state) return location.reload()
      place('bar').max = Math.max(job.total, 1)
      place('bar').value = job.done
      for (const [name, text] of Object.entries(job.texts)) place(name).textContent = text
      fill('rows', job.rows)
      fill('reasons', job.reasons)
    }
  } catch {
    // The network may be back at the next look.
  }
  setTimeout(look, PAUSE_MS)
}

setTimeout(look, PAUSE_MS)
