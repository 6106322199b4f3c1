const main = () => document.getElementById('main')

// A whole page as the answer (signed out meanwhile, an error outside of the frame) takes the place of the page.
document.addEventListener('htmx:before:swap', ({ detail: { tasks } }) => {
  for (const task of tasks) {
    if (task.type !== 'main' || task.fragment.firstElementChild?.tagName !== 'BODY') continue
    task.target = document.body
    task.swapSpec = { style: 'outerSync' }
  }
})

document.addEventListener('htmx:after:swap', ({ detail: { ctx } }) => {
  // a part that looks again by itself takes nothing from under the hand
  if (ctx.target?.id !== 'main') return
  for (const open of document.querySelectorAll(':popover-open')) open.hidePopover()
  markCurrent()
  if (ctx.swap.startsWith('outerHTML') && !main()?.contains(document.activeElement)) {
    main()?.querySelector('h1')?.focus({ preventScroll: true })
  }
})

// A list that was searched, sorted or gone on in says what it shows to who doesn't see it; and what can be undone.
document.addEventListener('htmx:after:swap', ({ detail: { ctx } }) => {
  const region = document.getElementById('result')
  if (ctx.target?.id !== 'main' || !region) return
  const result = main()?.querySelector(ctx.swap.startsWith('outerMorph') ? '[data-result]' : '.undo')
  region.textContent = ''
  // apart from being emptied, so that the same words are said again
  if (result) setTimeout(() => (region.textContent = result.dataset.result), 100)
})

// What is typed into a search in one go is one step of the history: Back leads to the list as it was before.
let typing = false
const stopped = () => {
  typing = false
}
document.addEventListener('htmx:before:history:update', ({ detail: { history, sourceElement } }) => {
  if (typing && sourceElement?.id === 'search') history.type = 'replace'
  typing = sourceElement?.id === 'search' && document.activeElement?.id === 'q'
})
document.addEventListener('focusout', ({ target }) => target.id === 'q' && stopped())
addEventListener('popstate', stopped)

// The server says where we are; the sidebar stays as it is but for the mark.
function markCurrent() {
  const current = main()?.dataset.current
  for (const link of document.querySelectorAll('#sidebar a')) {
    if (link.getAttribute('href') === current) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}

// Addresses are for people: no empty parameters of a search form in them.
document.addEventListener('htmx:config:request', ({ detail: { ctx } }) => {
  const { method, body } = ctx.request
  if (method !== 'GET') return
  for (const [name, value] of [...body]) if (value === '') body.delete(name)
})
