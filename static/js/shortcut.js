// Single keys: / searches, J and K move through rows, Enter opens, X ticks. Speech users can switch them off.
const off = () => localStorage.getItem('shortcuts') === 'off'
const typing =
  'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable], dialog, :popover-open'

const search = () => {
  const field = document.getElementById('q')
  field?.focus()
  field?.select()
  return field
}

const step = (by, from) => {
  const rows = [...document.querySelectorAll('.table tbody tr')]
  const here = rows.indexOf(from)
  const next = here < 0 ? rows[0] : rows[here + by]
  const stop = next?.querySelector('th a, a') ?? next?.querySelector('input:enabled')
  stop?.focus()
  return stop
}

const keys = {
  '/': search,
  j: (row) => step(1, row),
  k: (row) => step(-1, row),
  x: (row) => {
    const box = row?.querySelector('.pick input:enabled')
    box?.click()
    return box
  },
}

document.addEventListener('keydown', (event) => {
  const { target, key } = event
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest(typing)) return
  const row = target.closest('tbody tr')
  // Enter in a box would send its form
  if (key === 'Enter' && target.matches('.pick input')) {
    event.preventDefault()
    row?.querySelector('th a')?.click()
  } else if (!off() && Object.hasOwn(keys, key) && keys[key](row)) event.preventDefault()
})

const shown = () => {
  for (const button of document.querySelectorAll('[data-shortcuts]'))
    button.setAttribute('aria-checked', String(!off()))
}

document.addEventListener('click', ({ target }) => {
  if (!target.closest('[data-shortcuts]')) return
  localStorage.setItem('shortcuts', off() ? 'on' : 'off')
  shown()
})

shown()
