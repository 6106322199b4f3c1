// In this order: a browser says that it is others, too, and the later ones are what it is made of.
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(A|iOS)?\//, 'Edge'],
  [/\b(OPR|OPiOS)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bYaBrowser\//, 'Yandex Browser'],
  [/\bDuckDuckGo\//, 'DuckDuckGo'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(HeadlessChrome|Chromium|Chrome|CriOS)\//, 'Chrome'],
  [/\bVersion\/[\d.]+ .*Safari\//, 'Safari'],
]
const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac ?OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
]
const named = (of: readonly (readonly [RegExp, string])[], text: string) =>
  of.find(([sign]) => sign.test(text))?.[1]

/** "Chrome on Linux", out of what a browser says of itself; of a program its name. For people, not for decisions. */
export function device(userAgent: string): string {
  const browser = named(browsers, userAgent)
  const program = /^([A-Za-z][\w.-]{0,39})(?:[/ ]|$)/.exec(userAgent)?.[1]
  const name = browser ?? (program && program !== 'Mozilla' ? program : 'Unknown')
  const system = named(systems, userAgent)
  return system ? `${name} on ${system}` : name
}

/** Whether it fits in a pocket. */
export const isMobile = (userAgent: string) => /\b(iPhone|Android.*Mobile|Mobile)\b/.test(userAgent)
