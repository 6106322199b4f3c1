import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where a Chromium is; null where none was found. */
export const installed = places.find((place) => existsSync(place)) ?? null

// Without these, Chromium looks for its maker's servers at every start.
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** @throws where there is none */
export function launch(): Promise<Browser> {
  if (!installed) throw new Error('no Chromium found: apt-get install chromium')
  return chromium.launch({ executablePath: installed, args: quiet })
}
