const place = document.getElementById('docs')
const { openapi, csrfToken } = place.dataset
const dark = document.documentElement.dataset.theme === 'dark'
const asked = window.matchMedia('(prefers-color-scheme: dark)').matches
document.documentElement.classList.toggle(
  'dark-mode',
  document.documentElement.dataset.theme === 'system' ? asked : dark,
)

window.SwaggerUIBundle({
  url: openapi,
  domNode: place,
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: (request) => {
    // a token is for programs: beside the browser's own session it would be a second credential
    if (request.headers.Authorization) request.credentials = 'omit'
    else if (csrfToken) request.headers['X-CSRF-Token'] = csrfToken
    return request
  },
})
