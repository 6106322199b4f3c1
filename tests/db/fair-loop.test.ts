import { describe, expect, test } from 'vitest'
import { FairLoop } from '#src/db/fair-loop.ts'

/** Holds the thread. */
function compute(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
const MUCH = 20

describe('the thread', () => {
  test('is left to others for longer than somebody computed, who wait for one turn at the longest', async () => {
    const loop = new FairLoop()
    const turns: { whose: string; began: number; ended: number }[] = []
    const work = async (whose: string, ms: number) => {
      await loop.turn(whose)
      const began = performance.now()
      compute(ms)
      turns.push({ whose, began, ended: performance.now() })
    }
    let going = true
    const light = async () => {
      while (going) await work('light', 0.5)
    }
    const lights = light()
    await Promise.all(Array.from({ length: 4 }, () => work('heavy', MUCH)))
    going = false
    await lights
    const heavy = turns.filter(({ whose }) => whose === 'heavy')
    for (const [n, { ended }] of heavy.slice(0, -1).entries()) {
      const next = heavy[n + 1]?.began ?? 0
      expect(next - ended).toBeGreaterThanOrEqual(2 * MUCH)
      expect(turns.some(({ whose, began }) => whose === 'light' && began > ended && began < next)).toBe(true)
    }
  })

  test('is had by whoever is alone, in turn, after a rest', async () => {
    const loop = new FairLoop()
    const began = performance.now()
    const order: number[] = []
    await Promise.all(
      [1, 2, 3].map(async (n) => {
        await loop.turn('mine')
        order.push(n)
        compute(10)
      }),
    )
    expect(order).toEqual([1, 2, 3])
    expect(performance.now() - began).toBeGreaterThanOrEqual(70)
  })

  test('goes round among those that compute little', async () => {
    const loop = new FairLoop()
    const order: string[] = []
    const all = ['a', 'a', 'a', 'b', 'b', 'c'].map(async (whose) => {
      await loop.turn(whose)
      order.push(whose)
    })
    await Promise.all(all)
    // the first one went on at once, and what came after it stands in line with the others
    expect(order.join('')).toBe('aabcab')
  })
})
