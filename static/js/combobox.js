// A combobox (ARIA 1.2) that searches `data-options`; a picker sends the chosen id, or a chip for each of several.
const isCombobox = (element) => element?.matches?.('input[data-options]')
const pickerOf = (field) => field.closest('[data-picker]')
const listOf = (field) => document.getElementById(field.getAttribute('aria-controls'))
const optionsIn = (field) => [...listOf(field).querySelectorAll('[role="option"]')]
const activeIn = (field) => optionsIn(field).find((option) => 'active' in option.dataset)
const severalOf = (field) => field.closest('[data-several]')
const chipsIn = (picker) => [...picker.querySelectorAll('.picked > li')]
const idOf = (chip) => chip.querySelector('input').value
const chipOf = (picker, id) => chipsIn(picker).find((chip) => idOf(chip) === id)
const open = (field) => !listOf(field).hidden

let asked = new AbortController()
let waiting
let following = null

const say = (field, words) => {
  listOf(field).parentElement.querySelector('[role="status"]').textContent = words
}

const close = (field) => {
  clearTimeout(waiting)
  asked.abort()
  following = null
  listOf(field).hidden = true
  listOf(field).replaceChildren()
  field.ariaExpanded = 'false'
  field.removeAttribute('aria-activedescendant')
}

const activate = (field, option) => {
  for (const one of optionsIn(field)) {
    one.toggleAttribute('data-active', one === option)
    if (!severalOf(field)) one.ariaSelected = String(one === option)
  }
  if (!option) return field.removeAttribute('aria-activedescendant')
  field.setAttribute('aria-activedescendant', option.id)
  option.scrollIntoView({ block: 'nearest' })
  if (option === optionsIn(field).at(-1)) more(field)
}

const optionFor = (field, { id, name, hint }, i) => {
  const option = document.createElement('div')
  const picker = severalOf(field)
  const ariaSelected = String(Boolean(picker && chipOf(picker, id)))
  Object.assign(option, { id: `${field.id}-option-${i}`, role: 'option', ariaSelected })
  Object.assign(option.dataset, { id, name, fill: pickerOf(field) ? name : (hint ?? name) })
  option.append(name)
  if (hint && hint !== name)
    option.append(Object.assign(document.createElement('small'), { textContent: hint }))
  return option
}

const list = (field, { data, page }) => {
  const before = optionsIn(field).length
  listOf(field).append(...data.map((one, i) => optionFor(field, one, before + i)))
  following = page.next
  return before + data.length
}

const load = async (field, parameters) => {
  asked.abort()
  asked = new AbortController()
  const { options } = field.dataset
  const search = new URLSearchParams({ limit: '20', ...parameters })
  const address = `${options}${options.includes('?') ? '&' : '?'}${search}`
  const answer = await fetch(address, { headers: { Accept: 'application/json' }, signal: asked.signal })
  if (!answer.ok) throw new Error(answer.statusText)
  return answer.json()
}

const words = (field) => {
  const q = field.value.trim()
  return q && q !== field.dataset.chosen ? { q } : {}
}

const ask = async (field) => {
  const place = listOf(field)
  try {
    const found = await load(field, words(field))
    if (document.activeElement !== field) return
    place.replaceChildren()
    const count = list(field, found)
    const said = count ? `${count}${following ? ' or more' : ''} found` : `No ${field.dataset.many} match`
    if (!count) place.append(Object.assign(document.createElement('p'), { textContent: said }))
    say(field, said)
  } catch (error) {
    if (error.name === 'AbortError') return
    place.replaceChildren(
      Object.assign(document.createElement('p'), { textContent: 'Couldn’t search. Try again.' }),
    )
    say(field, 'Couldn’t search. Try again.')
  }
  place.hidden = false
  field.ariaExpanded = 'true'
  activate(field, field.value.trim() && words(field).q ? optionsIn(field)[0] : undefined)
}

const more = async (field) => {
  if (!following) return
  const after = following
  following = null
  try {
    list(field, await load(field, { ...words(field), after }))
  } catch {
    // current results can still be chosen
  }
}

/** The hidden field that a picker sends, instead of its fallback without a script. */
const settle = (field, id) => {
  const picker = pickerOf(field)
  const sent = Object.assign(document.createElement('input'), {
    type: 'hidden',
    name: picker.dataset.picker,
    value: id,
  })
  picker.querySelector('.picker-plain').replaceChildren(sent)
}

const changed = (field, said) => {
  // chips don't remember their initial values
  severalOf(field).dataset.changed = ''
  say(field, said)
  field.dispatchEvent(new Event('change', { bubbles: true }))
}

const add = (field, { id, name }) => {
  const picker = severalOf(field)
  const chip = picker.querySelector('template').content.firstElementChild.cloneNode(true)
  chip.querySelector('span').textContent = name
  Object.assign(chip.querySelector('input'), { name: picker.dataset.picker, value: id })
  chip.querySelector('button').ariaLabel = `Remove ${name}`
  picker.querySelector('.picked').append(chip)
  changed(field, `${name} added`)
}

const remove = (field, chip) => {
  const id = idOf(chip)
  for (const option of optionsIn(field)) if (option.dataset.id === id) option.ariaSelected = 'false'
  chip.remove()
  changed(field, `${chip.querySelector('span').textContent} removed`)
}

/** Removed by its button: keyboard focus moves to a neighbour. */
const removeBy = (chip) => {
  const field = severalOf(chip).querySelector('input[data-options]')
  const focused = chip.contains(document.activeElement)
  const next = (chip.nextElementSibling ?? chip.previousElementSibling)?.querySelector('button')
  remove(field, chip)
  if (focused) (next ?? field).focus()
}

/** The list stays open for further choices, unless it was a search for this one. */
const toggle = (field, option) => {
  const chip = chipOf(severalOf(field), option.dataset.id)
  option.ariaSelected = String(!chip)
  if (chip) remove(field, chip)
  else add(field, option.dataset)
  if (!field.value) return
  field.value = ''
  close(field)
}

const choose = (field, option) => {
  if (severalOf(field)) return toggle(field, option)
  field.value = option.dataset.fill
  field.dataset.chosen = field.value
  field.setCustomValidity('')
  if (pickerOf(field)) settle(field, option.dataset.id)
  close(field)
  field.dispatchEvent(new Event('change', { bubbles: true }))
}

/** Words without a choice would be lost silently: they are reported as invalid. */
const left = (field) => {
  close(field)
  if (!pickerOf(field)) return
  const { value, dataset } = field
  const chosen = dataset.chosen ?? field.defaultValue
  if (value.trim() === '') {
    if (chosen !== '') settle(field, '')
    dataset.chosen = ''
  }
  const unknown = value.trim() !== '' && value !== chosen
  field.setCustomValidity(unknown ? 'Choose one from the list, or clear the field.' : '')
}

document.addEventListener('input', ({ target }) => {
  if (!isCombobox(target)) return
  target.setCustomValidity('')
  clearTimeout(waiting)
  waiting = setTimeout(ask, 150, target)
})

document.addEventListener('focusin', ({ target }) => {
  if (isCombobox(target)) target.dataset.chosen ??= target.defaultValue
})

document.addEventListener('focusout', ({ target }) => {
  if (isCombobox(target)) left(target)
})

// before the field loses focus and the list closes under the pointer
document.addEventListener('mousedown', (event) => {
  if (event.target.closest('.combobox .options, .picked button')) event.preventDefault()
})

document.addEventListener('click', (event) => {
  const { target } = event
  if (isCombobox(target) && !open(target)) return ask(target)
  const chip = target.closest('.picked > li')
  if (chip && target.closest('button')) {
    event.preventDefault()
    return removeBy(chip)
  }
  const option = target.closest('.combobox .options [role="option"]')
  if (option) choose(option.closest('.combobox').querySelector('input'), option)
})

document.addEventListener(
  'scroll',
  ({ target }) => {
    if (!target.matches?.('.combobox .options')) return
    if (target.scrollTop + target.clientHeight > target.scrollHeight - 80)
      more(target.parentElement.querySelector('input'))
  },
  true,
)

const step = (field, by) => {
  const all = optionsIn(field)
  const at = all.indexOf(activeIn(field))
  activate(field, all.at(at < 0 && by < 0 ? -1 : (at + by) % all.length))
}

const keys = {
  ArrowDown: (field) => (open(field) ? optionsIn(field).length && step(field, 1) : ask(field)),
  ArrowUp: (field) => (open(field) ? optionsIn(field).length && step(field, -1) : ask(field)),
  Enter: (field) => {
    if (!open(field) || !activeIn(field)) return false
    choose(field, activeIn(field))
  },
  // a pending search would open it again
  Escape: (field) => {
    const shown = open(field)
    close(field)
    return shown
  },
  Backspace: (field) => {
    const last = field.value === '' && severalOf(field) && chipsIn(severalOf(field)).at(-1)
    if (!last) return false
    remove(field, last)
  },
}

document.addEventListener('keydown', (event) => {
  const { key, target } = event
  if (!isCombobox(target) || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
  if (key in keys && keys[key](target) !== false) event.preventDefault()
})

// forms have no browser validation, but the server can't know about this
document.addEventListener(
  'submit',
  (event) => {
    const field = [...event.target.querySelectorAll('[data-picker] input[data-options]')].find((one) => {
      left(one)
      return !one.checkValidity()
    })
    if (!field) return
    event.preventDefault()
    event.stopImmediatePropagation()
    field.reportValidity()
  },
  true,
)
