const busyForms = new Set()

const release = (form) => {
  busyForms.delete(form)
  for (const button of form.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy')
}

// One submit at a time, and its button says so. Not disabled: that would take the focus away.
document.addEventListener(
  'submit',
  (event) => {
    const { target: form, submitter } = event
    if (form.method !== 'post') return
    if (busyForms.has(form)) {
      event.preventDefault()
      event.stopImmediatePropagation()
      return
    }
    busyForms.add(form)
    submitter?.setAttribute('aria-busy', 'true')
  },
  true,
)

document.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => {
  if (ctx.sourceElement.matches('form')) release(ctx.sourceElement)
})

document.addEventListener('ambit:answered', ({ target }) => release(target))

window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) for (const form of [...busyForms]) release(form)
})

const touched = new WeakSet()

document.addEventListener('input', ({ target }) => {
  if (target.form) touched.add(target.form)
})

const changed = (control) => {
  if (control.type === 'hidden') return false
  if (control.options)
    return [...control.options].some((option) => option.selected !== option.defaultSelected)
  if ('checked' in control && /checkbox|radio/.test(control.type))
    return control.checked !== control.defaultChecked
  return 'defaultValue' in control && control.value !== control.defaultValue
}

const unsaved = () =>
  [...document.querySelectorAll('form[data-guard]')].find(
    (form) =>
      !busyForms.has(form) &&
      (form.querySelector('.error-summary, [data-changed]') ||
        (touched.has(form) && [...form.elements].some(changed))),
  )

window.addEventListener('beforeunload', (event) => {
  if (unsaved()) event.preventDefault()
})

document.addEventListener('htmx:config:request', (event) => {
  const { ctx } = event.detail
  if (ctx.target?.id !== 'main' || !unsaved()) return
  if (!window.confirm('Leave without saving your changes?')) {
    event.preventDefault()
    if (ctx.sourceElement.matches('form')) release(ctx.sourceElement)
  }
})
