// The form's own button opens the question; the button within the dialog sends the form.
document.addEventListener(
  'submit',
  (event) => {
    const { target: form, submitter } = event
    if (!form.matches('[data-confirm]')) return
    const dialog = form.querySelector('dialog')
    if (submitter?.matches('[data-confirmed]')) return dialog.close()
    event.preventDefault()
    event.stopImmediatePropagation()
    dialog.showModal()
    dialog.querySelector(dialog.querySelector('.danger') ? '[data-close]' : '[data-confirmed]').focus()
  },
  true,
)

document.addEventListener('click', ({ target }) => {
  target.closest('[data-close]')?.closest('dialog')?.close()
})
