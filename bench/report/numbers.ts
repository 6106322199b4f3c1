export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const tenth = new Intl.NumberFormat('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 })
const hundredth = new Intl.NumberFormat('en', { maximumFractionDigits: 2, minimumFractionDigits: 2 })

/** As many digits as tell something. */
export const short = (value: number) =>
  (Math.abs(value) >= 100 ? whole : Math.abs(value) >= 10 ? tenth : hundredth).format(value)
export const ratio = (value: number) => hundredth.format(value)
/** Counts that are whole but for what comes in between now and then. */
export const count = (value: number) =>
  (Math.abs(value - Math.round(value)) < 0.1 ? whole : tenth).format(value)
export const seconds = (ms: number) => `${hundredth.format(ms / 1000)} s`
