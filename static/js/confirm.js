// The submit opens the question; the button in the dialog sends the form.
document.addEventListener(
  'submit',
  (event) => {
    const { target: form, submitter } = event
    const dialog = form.querySelector('dialog')
    if (submitter?.matches('[data-confirmed]')) return dialog.close()
    if (!form.matches('[data-confirm]') && !submitter?.matches('[data-confirm]')) return
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
