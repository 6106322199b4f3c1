// A combobox (ARIA 1.2) over the links of the palette's page, which is loaded while one types; the last answer counts.
const dialog = () => document.getElementById('palette')
const field = () => dialog().querySelector('input')
const list = () => document.getElementById('palette-list')
const options = () => [...list().querySelectorAll('[role="option"]')]
let asked = new AbortController()
let waiting
// what is shown answers an earlier question
let stale = false

const choose = (option) => {
  for (const one of options()) one.setAttribute('aria-selected', String(one === option))
  if (!option) return field().removeAttribute('aria-activedescendant')
  field().setAttribute('aria-activedescendant', option.id)
  option.scrollIntoView({ block: 'nearest' })
}

const show = (results) => {
  stale = false
  list().replaceChildren(...results.children)
  for (const section of list().children) {
    const [heading] = section.children
    Object.assign(section, { role: 'group', ariaLabel: heading.textContent })
    section.removeAttribute('aria-labelledby')
    heading.removeAttribute('id')
    heading.role = 'presentation'
  }
  for (const [i, link] of [...list().querySelectorAll('a')].entries()) {
    Object.assign(link, { id: `palette-option-${i}`, role: 'option', tabIndex: -1 })
  }
  htmx.process(list())
  const { length } = options()
  list().hidden = length === 0
  field().ariaExpanded = String(length > 0)
  choose(options()[0])
  dialog().querySelector('[role="status"]').textContent =
    length === 1 ? '1 result' : length ? `${length} results` : 'Nothing matches'
}

const ask = async () => {
  clearTimeout(waiting)
  asked.abort()
  asked = new AbortController()
  const { form, value } = field()
  const address = `${form.getAttribute('action')}?${new URLSearchParams(value.trim() ? { q: value } : {})}`
  const headers = { Accept: 'text/html', 'HX-Request': 'true', 'HX-Request-Type': 'partial' }
  try {
    const answer = await fetch(address, { headers, signal: asked.signal })
    const text = await answer.text()
    const results = new DOMParser().parseFromString(text, 'text/html').getElementById('palette-results')
    if (results && value === field().value) show(results)
  } catch {
    // what was found before stays; Enter asks the page itself
  }
}

const open = () => {
  if (dialog().open) return
  field().value = ''
  list().replaceChildren()
  dialog().showModal()
  ask()
}

document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'k')
    return
  if (!dialog()) return
  event.preventDefault()
  if (dialog().open) dialog().close()
  else if (!document.querySelector('dialog:modal')) open()
})

document.addEventListener(
  'click',
  (event) => {
    const { target } = event
    if (target.closest('[data-palette]') && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault()
      event.stopPropagation()
      open()
    } else if (target.closest('#palette-list a') && !event.ctrlKey && !event.metaKey) dialog().close()
  },
  true,
)

document.addEventListener('input', ({ target }) => {
  if (!dialog() || target !== field()) return
  stale = true
  clearTimeout(waiting)
  waiting = setTimeout(ask, 120)
})

const chosen = () => options().find((option) => option.ariaSelected === 'true')

// Whoever types fast gets what they typed, not what stood there before.
const enter = async () => {
  if (stale) await ask()
  if (!dialog().open) return
  if (!stale && chosen()) chosen().click()
  else field().form.requestSubmit()
}

document.addEventListener(
  'submit',
  ({ target }) => {
    if (dialog()?.contains(target)) dialog().close()
  },
  true,
)

const steps = { ArrowDown: 1, ArrowUp: -1 }

document.addEventListener('keydown', (event) => {
  const { key, target } = event
  if (!dialog()?.open || target !== field() || event.isComposing) return
  const all = options()
  if (key === 'Enter') enter()
  else if (key in steps && all.length) choose(all.at((all.indexOf(chosen()) + steps[key]) % all.length))
  else return
  event.preventDefault()
})
