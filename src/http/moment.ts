import { z } from 'zod'

const MOMENT = 'Enter a time like 2026-01-31T12:00:00Z or a day like 2026-01-31'

/** When something ends: an instant, a time on the sender's wall, or a day to the end of which it lasts. */
export const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.datetime({ local: true }), z.iso.date()], MOMENT)
  .refine((sent) => {
    const year = Number(sent.slice(0, 4))
    return year > 0 && new Date(sent).getUTCFullYear() > 0 && new Date(sent).getUTCFullYear() < 10_000
  }, MOMENT)

export const momentOrNever = z.preprocess(
  (sent) => (sent === '' ? null : sent),
  z.union([moment, z.null()], MOMENT),
)
