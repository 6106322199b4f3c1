// Rows are ticked by boxes that belong to the form #bulk; it says how many, and acts on them.
const bar = () => document.getElementById('bulk')
const boxes = () => [...document.querySelectorAll('.pick > input[form]:enabled')]
const ticked = () => boxes().filter((box) => box.checked)

const number = new Intl.NumberFormat(document.documentElement.lang)

const everything = () => bar().querySelector('[data-total]')

const refresh = () => {
  const form = bar()
  if (!form) return
  const [all, some] = [boxes().length, ticked().length]
  const complete = all > 0 && some === all
  const matching = everything()
  if (matching && !complete) matching.checked = false
  const head = document.querySelector('[data-pick-all]')
  if (head) Object.assign(head, { checked: complete, indeterminate: some > 0 && !complete })
  form.toggleAttribute('data-shown', some > 0)
  form.toggleAttribute('data-complete', complete)
  const total = matching?.checked ? Number(matching.dataset.total) : some
  form.querySelector('.bulk-count').textContent = some ? `${number.format(total)} selected` : ''
}

let last = null

// With Shift, everything between this box and the last one.
const range = (box) => {
  const all = boxes()
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b)
  if (from >= 0) for (const between of all.slice(from, to + 1)) between.checked = box.checked
}

document.addEventListener('click', ({ target, shiftKey }) => {
  if (target.matches('.pick > input[form]')) {
    if (shiftKey) range(target)
    last = target
  } else if (target.matches('[data-pick-all]')) {
    for (const box of boxes()) box.checked = target.checked
  } else if (target.closest('[data-pick-none]')) {
    for (const box of boxes())
      box.checked = false
      // the bar goes, and the focus with it
    ;(last?.isConnected ? last : boxes()[0])?.focus()
  } else return
  refresh()
})

document.addEventListener('change', ({ target }) => {
  if (target.form && target.form === bar()) refresh()
})

document.addEventListener('htmx:after:swap', refresh)
window.addEventListener('pageshow', refresh)

refresh()
