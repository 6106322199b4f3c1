import { describe, expect, test } from 'vitest'
import { FairLoop } from '#src/platform/fair-loop.ts'

/** Holds the thread. */
function compute(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('the thread', () => {
  test('is left to others by whoever computes much at a time', async () => {
    const loop = new FairLoop()
    const order: string[] = []
    const work = async (whose: string, ms: number) => {
      await loop.turn(whose)
      order.push(whose)
      compute(ms)
    }
    const heavy = Array.from({ length: 4 }, () => work('heavy', 20))
    // one after the other, as requests come that are answered
    const light = async () => {
      for (let n = 0; n < 40; n++) {
        await work('light', 0.5)
        await new Promise((go) => setImmediate(go))
      }
    }
    await Promise.all([...heavy, light()])
    // between two of the heavy ones at least as much of the light ones as there was, until they are done
    const gaps = order.join(' ').split('heavy').slice(1, -1)
    const most = gaps.map((gap) => gap.split('light').length - 1)
    expect(most[0]).toBeGreaterThan(10)
    expect(order.filter((whose) => whose === 'light')).toHaveLength(40)
  })

  test('is had by whoever is alone, after a rest, and in turn', async () => {
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
    expect(performance.now() - began).toBeGreaterThan(65)
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
