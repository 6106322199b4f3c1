document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target.closest('input, textarea, select, [contenteditable], dialog')) return
  const search = document.getElementById('q')
  if (!search) return
  event.preventDefault()
  search.focus()
  search.select()
})
