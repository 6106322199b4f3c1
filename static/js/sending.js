// A refused form stays: a dialog asks what comes first (X-Ask), then it is sent again; other errors stand above it.
const ask = async (page, more) => {
  const headers = { Accept: 'text/html', 'HX-Request-Type': 'partial', 'HX-Target': 'dialog' }
  const answer = await fetch(page, { ...more, headers })
  // what asks may have to be asked for itself
  if (answer.headers.has('X-Ask')) return ask(answer.headers.get('X-Ask'))
  const parts = new DOMParser().parseFromString(await answer.text(), 'text/html')
  return document.adoptNode(parts.querySelector('dialog, .error-summary'))
}

// The page may have fields of the same names.
const setApart = (dialog) => {
  for (const name of ['id', 'for', 'aria-describedby', 'aria-labelledby']) {
    for (const element of [dialog, ...dialog.querySelectorAll(`[${name}]`)]) {
      const ids = element.getAttribute(name)?.split(' ')
      if (ids) element.setAttribute(name, ids.map((id) => `ask-${id}`).join(' '))
    }
  }
  for (const link of dialog.querySelectorAll('a[href^="#"]')) link.hash = `ask-${link.hash.slice(1)}`
  for (const link of dialog.querySelectorAll('a:not([href^="#"])')) link.target = '_blank'
}

// Resolves with the form that is submitted in it; null when it is closed.
const answered = (dialog) =>
  new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(null), { once: true })
    dialog.addEventListener(
      'submit',
      (event) => {
        event.preventDefault()
        resolve(event.target)
      },
      { once: true },
    )
  })

const show = (dialog) => {
  setApart(dialog)
  document.body.append(dialog)
  const name = dialog.querySelector('input[name="username"]')
  if (name) name.value ||= document.body.dataset.username ?? ''
  dialog.showModal()
  const fields = [...dialog.querySelectorAll('input:not([type="hidden"])')]
  fields.find(({ value }) => value === '')?.focus()
}

const renew = (token) => {
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token
  document.body.setAttribute('hx-headers:inherited', JSON.stringify({ 'X-CSRF-Token': token }))
}

// What the form is sent with once everything was answered; null where somebody closed the dialog.
const tokenFrom = async (page) => {
  let dialog = await ask(page)
  try {
    for (;;) {
      const last = dialog.querySelector('form[data-person]')
      const same = last?.dataset.person === document.body.dataset.person
      if (same) renew(last.elements.csrf_token.value)
      if (same) return last.elements.csrf_token.value
      if (!dialog.open) show(dialog)
      const form = await answered(dialog)
      if (!form || last) return form?.elements.csrf_token.value
      const next = await ask(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
      form.dispatchEvent(new Event('ambit:answered', { bubbles: true }))
      if (next.matches('dialog')) {
        dialog.remove()
        dialog = next
      } else {
        dialog.querySelector('.error-summary')?.remove()
        form.before(next)
      }
    }
  } finally {
    dialog.close()
    dialog.remove()
  }
}

const send = async (ctx, url, request) => {
  for (let asked = 0; ; asked++) {
    const answer = await fetch(url, request)
    const page = answer.headers.get('X-Ask')
    if (!page || asked === 5) return answer
    // nobody types a password within the time of a request
    clearTimeout(ctx.requestTimeout)
    const token = await tokenFrom(page)
    if (!token) return answer
    request.body.set('csrf_token', token)
  }
}

document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
  if (ctx.request.method === 'POST') ctx.fetch = (url, request) => send(ctx, url, request)
})

const say = (form, summary) => {
  for (const old of document.querySelectorAll('#main .error-summary')) old.remove()
  if (form.matches('.form')) form.before(summary)
  else document.querySelector('#main > .head').after(summary)
  summary.focus()
}

// What a browser lets nobody fill in again.
let files = []

document.addEventListener('htmx:before:swap', (event) => {
  const { ctx, tasks } = event.detail
  const form = ctx.request.method === 'POST' ? ctx.sourceElement : null
  files = form && ctx.response.status >= 400 ? [...form.querySelectorAll('input[type="file"]')] : []
  const summary = tasks.find(({ type }) => type === 'main')?.fragment.firstElementChild
  if (!form || !summary?.matches('.error-summary')) return
  event.preventDefault()
  say(form, summary)
})

document.addEventListener('htmx:after:swap', () => {
  for (const { name, files: chosen } of files) {
    const field = document.querySelector(`#main input[type="file"][name="${name}"]`)
    if (field && chosen.length) field.files = chosen
  }
  files = []
})

document.addEventListener('htmx:error', ({ detail: { ctx } }) => {
  if (ctx?.request.method !== 'POST') return
  const summary = document.createElement('div')
  Object.assign(summary, { className: 'error-summary', role: 'alert', tabIndex: -1 })
  const title = document.createElement('p')
  title.className = 'error-summary-title'
  title.textContent = 'Not sent'
  summary.append(title, 'The server could not be reached. Nothing is lost: try again.')
  say(ctx.sourceElement, summary)
})
