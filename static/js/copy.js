document.addEventListener('click', async ({ target }) => {
  const button = target.closest('[data-copy]')
  if (!button) return
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
    button.dataset.done = ''
    setTimeout(() => delete button.dataset.done, 2000)
    document.dispatchEvent(new CustomEvent('ambit:notice', { detail: { kind: 'success', text: 'Copied' } }))
  } catch {
    const text = 'This page can’t use the clipboard'
    document.dispatchEvent(new CustomEvent('ambit:notice', { detail: { kind: 'error', text } }))
  }
})
