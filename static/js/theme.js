// The choice is a cookie, so that the next page comes in it from the server.
document.addEventListener('click', ({ target }) => {
  const theme = target.closest('[data-set-theme]')?.dataset.setTheme
  if (!theme) return
  const secure = location.protocol === 'https:' ? '; secure' : ''
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API needs https
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`
  document.documentElement.dataset.theme = theme
  document.querySelector('meta[name="color-scheme"]').content = theme === 'system' ? 'light dark' : theme
  for (const button of document.querySelectorAll('[data-set-theme]')) {
    button.setAttribute('aria-pressed', String(button.dataset.setTheme === theme))
  }
})
