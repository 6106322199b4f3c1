const boxes = (root) => [...root.querySelectorAll('input[name="held"]')]
// what is stored stands beside the box: a form that was refused comes back with its own ticks
const isChanged = (box) => box.checked !== (box.parentElement.querySelector('input[name="had"]') !== null)

document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-fold]')
  if (!button) return
  const open = button.getAttribute('aria-expanded') === 'false'
  button.setAttribute('aria-expanded', String(open))
  for (const row of button.closest('tbody').querySelectorAll('tr:not(.matrix-group)')) row.hidden = !open
})

// The boxes of one role within a group: all, none, or some.
const column = (all) => {
  const cell = all.closest('td')
  const rows = [...cell.closest('tbody').querySelectorAll('tr:not(.matrix-group)')]
  return rows.flatMap((row) => boxes(row.cells[cell.cellIndex]))
}

const show = (matrix) => {
  for (const box of boxes(matrix)) box.closest('td').toggleAttribute('data-changed', isChanged(box))
  for (const all of matrix.querySelectorAll('[data-all]')) {
    const ticked = column(all).filter((box) => box.checked).length
    all.checked = ticked > 0 && ticked === column(all).length
    all.indeterminate = ticked > 0 && !all.checked
  }
  const count = matrix.querySelectorAll('[data-changed]').length
  const place = matrix.querySelector('[data-count]')
  if (place)
    place.textContent = count ? `Review ${count} ${count === 1 ? 'change' : 'changes'}` : 'Review changes'
}

const showAll = () => {
  const matrix = document.getElementById('matrix')
  if (matrix?.querySelector('[data-count]')) show(matrix)
}

document.addEventListener('change', ({ target }) => {
  const matrix = target.closest('#matrix')
  if (!matrix) return
  if (target.matches('[data-all]')) for (const box of column(target)) box.checked = target.checked
  show(matrix)
})

// A grid is one stop of the Tab key, and is gone through with the arrow keys.
const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

/** What takes the focus in a cell: its box, button or link; else the cell, so that what is inherited can be read. */
const stopOf = (cell) =>
  [...cell.querySelectorAll('a, button, input:not([type="hidden"])')].find((one) => one.checkVisibility()) ??
  cell

const rowsOf = (table) => [...table.rows].filter((row) => !row.hidden)

const goTo = (table, stop) => {
  for (const former of table.querySelectorAll('[tabindex="0"]')) former.tabIndex = -1
  stop.tabIndex = 0
}

/** As the server sends it every box is a stop of its own: only here there are arrows instead. */
const gathered = () => {
  const table = document.querySelector('table.matrix')
  if (!table) return
  table.setAttribute('role', 'grid')
  table.closest('.matrix-frame').removeAttribute('tabindex')
  const stops = rowsOf(table).flatMap((row) => [...row.cells].map(stopOf))
  for (const one of table.querySelectorAll('a, button, input')) one.tabIndex = -1
  for (const stop of stops) stop.tabIndex = -1
  const first = stops.find((stop) => stop.name === 'held') ?? stops[0]
  goTo(table, table.contains(document.activeElement) ? document.activeElement : first)
}

const beside = (cell, [down, right]) => {
  const rows = rowsOf(cell.closest('table'))
  return rows[rows.indexOf(cell.parentElement) + down]?.cells[cell.cellIndex + right]
}

const atEnd = (cell, key) => {
  const { cells } = cell.parentElement
  return cells[key === 'Home' ? 0 : cells.length - 1]
}

document.addEventListener('keydown', (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event
  const cell = target.closest?.('.matrix :is(td, th)')
  if (!cell || ctrlKey || metaKey || altKey) return
  const next = steps[key] ? beside(cell, steps[key]) : /^(Home|End)$/.test(key) ? atEnd(cell, key) : null
  if (next === null) return
  event.preventDefault()
  if (next) stopOf(next).focus()
})

document.addEventListener('focusin', ({ target }) => {
  const table = target.closest('table.matrix')
  if (table) goTo(table, target)
})

// Only what changed is sent: ticked now (held), or ticked before and no longer (had).
document.addEventListener('formdata', ({ target, formData }) => {
  if (target.id !== 'matrix') return
  formData.delete('held')
  formData.delete('had')
  for (const box of boxes(target).filter(isChanged)) formData.append(box.checked ? 'held' : 'had', box.value)
})

// The ticked boxes of a form as one parameter, with commas between.
document.addEventListener('formdata', ({ target, formData }) => {
  const name = target.dataset.join
  if (!name) return
  formData.set(name, [...target.querySelectorAll('input:checked')].map((box) => box.value).join(','))
})

const ready = () => {
  showAll()
  gathered()
}
ready()
document.addEventListener('htmx:after:swap', ready)
