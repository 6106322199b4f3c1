import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { launch } from '#tests/browser/chromium.ts'
import type { Person } from '#tests/people.ts'
import type { App } from '#tests/setup/database.ts'

export type Opening = { width?: number; script?: boolean } & Pick<
  BrowserContextOptions,
  'locale' | 'timezoneId'
>

/** The application at an address, and a browser that people open its pages in. */
export class Site {
  readonly address: string
  readonly browser: Browser
  readonly #server: ServerType

  constructor(server: ServerType, browser: Browser) {
    this.#server = server
    this.browser = browser
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async open({ fetch }: App): Promise<Site> {
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' })
    await once(server, 'listening')
    return new Site(server, await launch())
  }

  /** A page of somebody who is signed in. An error of its scripts fails the test. */
  async opened(
    path: string,
    { cookie }: Person,
    { width = 1280, script = true, ...more }: Opening = {},
  ): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width, height: 800 },
      reducedMotion: 'reduce',
      javaScriptEnabled: script,
      ...more,
    })
    await context.addCookies([{ name: 'session', value: cookie, url: this.address }])
    const page = await context.newPage()
    page.on('pageerror', (error) => expect.unreachable(String(error)))
    await page.goto(this.address + path)
    return page
  }

  async close(): Promise<void> {
    await this.browser.close()
    this.#server.close()
  }
}
