// A combobox with a list (ARIA 1.2): the focus stays in the field, the arrows choose among what is found while one
// types. `data-options` is where to ask. In a picker the id of what is chosen is sent; elsewhere what is filled in.
const isCombobox = (element) => element?.matches?.('input[data-options]')
const pickerOf = (field) => field.closest('[data-picker]')
const listOf = (field) => document.getElementById(field.getAttribute('aria-controls'))
const optionsIn = (field) => [...listOf(field).querySelectorAll('[role="option"]')]
const activeIn = (field) => optionsIn(field).find((option) => option.ariaSelected === 'true')
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
  for (const one of optionsIn(field)) one.ariaSelected = String(one === option)
  if (!option) return field.removeAttribute('aria-activedescendant')
  field.setAttribute('aria-activedescendant', option.id)
  option.scrollIntoView({ block: 'nearest' })
  if (option === optionsIn(field).at(-1)) more(field)
}

const optionFor = (field, { id, name, hint }, i) => {
  const option = document.createElement('div')
  Object.assign(option, { id: `${field.id}-option-${i}`, role: 'option', ariaSelected: 'false' })
  Object.assign(option.dataset, { id, name, fill: pickerOf(field) ? name : (hint ?? name) })
  option.append(name)
  if (hint && hint !== name)
    option.append(Object.assign(document.createElement('small'), { textContent: hint }))
  return option
}

const add = (field, { data, page }) => {
  const before = optionsIn(field).length
  listOf(field).append(...data.map((one, i) => optionFor(field, one, before + i)))
  following = page.next
  return before + data.length
}

const load = async (field, parameters) => {
  asked.abort()
  asked = new AbortController()
  const address = `${field.dataset.options}?${new URLSearchParams({ limit: '20', ...parameters })}`
  const answer = await fetch(address, { headers: { Accept: 'application/json' }, signal: asked.signal })
  if (!answer.ok) throw new Error(answer.statusText)
  return answer.json()
}

const words = (field) => {
  const q = field.value.trim()
  return q && q !== field.dataset.chosen ? { q } : {}
}

const ask = async (field) => {
  const list = listOf(field)
  try {
    const found = await load(field, words(field))
    if (document.activeElement !== field) return
    list.replaceChildren()
    const count = add(field, found)
    const said = count ? `${count}${following ? ' or more' : ''} found` : `No ${field.dataset.many} match`
    if (!count) list.append(Object.assign(document.createElement('p'), { textContent: said }))
    say(field, said)
  } catch (error) {
    if (error.name === 'AbortError') return
    list.replaceChildren(
      Object.assign(document.createElement('p'), { textContent: 'Couldn’t search. Try again.' }),
    )
    say(field, 'Couldn’t search. Try again.')
  }
  list.hidden = false
  field.ariaExpanded = 'true'
  activate(field, field.value.trim() && words(field).q ? optionsIn(field)[0] : undefined)
}

const more = async (field) => {
  if (!following) return
  const after = following
  following = null
  try {
    add(field, await load(field, { ...words(field), after }))
  } catch {
    // what is there can still be chosen
  }
}

/** What a picker sends, in place of what a browser without a script would. */
const settle = (field, id) => {
  const picker = pickerOf(field)
  const sent = Object.assign(document.createElement('input'), {
    type: 'hidden',
    name: picker.dataset.picker,
    value: id,
  })
  picker.querySelector('.picker-plain').replaceChildren(sent)
}

const choose = (field, option) => {
  field.value = option.dataset.fill
  field.dataset.chosen = field.value
  field.setCustomValidity('')
  if (pickerOf(field)) settle(field, option.dataset.id)
  close(field)
  field.dispatchEvent(new Event('change', { bubbles: true }))
}

/** Words that nothing was chosen by would be lost without a word: they are said to be none, or nothing is meant. */
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

// Before the focus would leave the field.
document.addEventListener('mousedown', (event) => {
  if (event.target.closest('.combobox .options')) event.preventDefault()
})

document.addEventListener('click', ({ target }) => {
  if (isCombobox(target) && !open(target)) return ask(target)
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
  Escape: (field) => {
    if (!open(field)) return false
    close(field)
  },
}

document.addEventListener('keydown', (event) => {
  const { key, target } = event
  if (!isCombobox(target) || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
  if (key in keys && keys[key](target) !== false) event.preventDefault()
})

// Forms aren't checked by the browser, so that the server's words stand at their fields; this it can't know.
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
