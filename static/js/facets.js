// How many rows each value of a filter has: asked for once the list stands, so that it never waits for them.
const number = new Intl.NumberFormat(document.documentElement.dataset.locale ?? document.documentElement.lang)
let asked = ''

const fill = (data) => {
  for (const [name, values] of Object.entries(data)) {
    for (const { value, count, lower_bound } of values) {
      const chip = document.getElementById(`filter-${name}-${value}`)
      if (!chip) continue
      const badge = chip.querySelector('.count') ?? chip.appendChild(document.createElement('span'))
      badge.className = 'count'
      badge.textContent = number.format(count) + (lower_bound ? '+' : '')
    }
  }
}

const ask = async () => {
  const url = document.querySelector('[data-facets]')?.dataset.facets
  if (!url) return
  asked = url
  const answer = await fetch(url, { headers: { Accept: 'application/json' } }).catch(() => null)
  if (answer?.ok && asked === url) fill((await answer.json()).data)
}

ask()
document.addEventListener('htmx:after:swap', ask)
