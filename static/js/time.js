// Zone and region are those that the person chose; a visitor's are the browser's, which the server learns by a cookie.
const { lang, dataset } = document.documentElement
const { zone = Intl.DateTimeFormat().resolvedOptions().timeZone, locale = lang } = dataset
const relative = new Intl.RelativeTimeFormat(lang, { numeric: 'auto', style: 'short' })
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: zone })
const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long', timeZone: zone })
const steps = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86400, 3600, 'hour'],
  [604800, 86400, 'day'],
]

if (!dataset.zone) {
  const secure = location.protocol === 'https:' ? '; secure' : ''
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API needs https
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax${secure}`
}

/** Words that are the page's, or a date that is written the person's way. */
const shown = (at) => {
  const seconds = (at - Date.now()) / 1000
  const [, size, unit] = steps.find(([limit]) => Math.abs(seconds) < limit) ?? []
  if (!unit) return [day.format(at), locale]
  return [relative.format(unit === 'second' ? 0 : Math.trunc(seconds / size), unit), lang]
}

const refresh = (root) => {
  for (const time of root.querySelectorAll?.('time[datetime]') ?? []) {
    const at = new Date(time.dateTime)
    if (Number.isNaN(at.valueOf())) continue
    const [words, language] = shown(at)
    if (time.textContent !== words) time.textContent = words
    if (time.lang !== language) time.lang = language
    time.title = exact.format(at)
  }
}

refresh(document)
setInterval(() => refresh(document), 30_000)

// Before it is painted, so that nothing flickers.
document.addEventListener('htmx:before:settle', ({ detail: { newContent } }) => newContent.forEach(refresh))
