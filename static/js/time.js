const language = document.documentElement.lang
const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
const exact = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long' })
const steps = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86400, 3600, 'hour'],
  [604800, 86400, 'day'],
]

const shown = (at) => {
  const seconds = (at - Date.now()) / 1000
  const [, size, unit] = steps.find(([limit]) => Math.abs(seconds) < limit) ?? []
  if (!unit) return day.format(at)
  return relative.format(unit === 'second' ? 0 : Math.trunc(seconds / size), unit)
}

const refresh = (root) => {
  for (const time of root.querySelectorAll?.('time[datetime]') ?? []) {
    const at = new Date(time.dateTime)
    if (Number.isNaN(at.valueOf())) continue
    const words = shown(at)
    if (time.textContent !== words) time.textContent = words
    time.title = exact.format(at)
  }
}

refresh(document)
setInterval(() => refresh(document), 30_000)

// Before it is painted, so that nothing flickers.
document.addEventListener('htmx:before:settle', ({ detail: { newContent } }) => newContent.forEach(refresh))
