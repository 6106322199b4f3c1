const lifetime = 7000

// Toasts go by themselves, but not from under the pointer. They hold nothing to operate.
const expire = (notice) => {
  setTimeout(() => (notice.matches(':hover') ? expire(notice) : notice.remove()), lifetime)
}

const watch = () => {
  for (const notice of document.querySelectorAll('#notices > .notice:not([data-timed])')) {
    notice.dataset.timed = ''
    expire(notice)
  }
}

const show = ({ kind, text }) => {
  const notice = document.createElement('p')
  notice.className = `notice ${kind}`
  notice.textContent = text
  document.getElementById('notices')?.replaceChildren(notice)
  watch()
}

watch()
document.addEventListener('htmx:after:swap', watch)
document.addEventListener('ambit:notice', ({ detail }) => show(detail))
document.addEventListener('htmx:error', ({ detail }) => {
  // errors of a form stand above it
  if (detail.ctx && detail.ctx.request.method !== 'POST')
    show({ kind: 'error', text: 'The server could not be reached. Nothing was lost: try again.' })
})
