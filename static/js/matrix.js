const boxes = (root) => [...root.querySelectorAll('input[name="held"]')]
// what is stored stands beside the box: a form that was refused comes back with its own ticks
const isChanged = (box) => box.checked !== (box.parentElement.querySelector('input[name="had"]') !== null)

// The rows of a group fold; what is ticked in them stays.
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
  if (place) place.textContent = count ? `${count} ${count === 1 ? 'change' : 'changes'}` : 'No changes yet'
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

// A grid is gone through with the arrow keys, and each cell with one.
const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

const beside = (cell, [down, right]) => {
  const rows = [...cell.closest('table').tBodies]
    .flatMap((body) => [...body.rows])
    .filter((row) => !row.hidden)
  let row = rows.indexOf(cell.parentElement) + down
  let place = cell.cellIndex + right
  while (rows[row]?.cells[place]) {
    const box = rows[row].cells[place].querySelector('input[type="checkbox"]')
    if (box) return box
    row += down
    place += right
  }
}

document.addEventListener('keydown', (event) => {
  const step = steps[event.key]
  const cell = event.target.closest('.matrix td')
  if (!step || !cell || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  beside(cell, step)?.focus()
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

showAll()
document.addEventListener('htmx:after:swap', showAll)
