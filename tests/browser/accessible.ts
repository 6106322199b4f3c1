import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** No violation of WCAG 2.2 A and AA that a program can find. */
export async function accessible(page: Page): Promise<void> {
  // through the debugger, since the page's own policy lets no script in
  await page
    .context()
    .newCDPSession(page)
    .then((session) => session.send('Page.setBypassCSP', { enabled: true }))
  await page.evaluate(axe.source)
  const violations = await page.evaluate(async () => {
    const tool = (globalThis as unknown as { axe: typeof axe }).axe
    const { violations } = await tool.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)
  })
  expect(violations).toEqual([])
}
