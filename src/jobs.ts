import { contexts } from '#src/app.ts'
import type { Config } from '#src/config.ts'
import type { Handler } from '#src/platform/jobs/handler.ts'
import { sendsMails } from '#src/platform/mail/sending.ts'

/** Every kind of mail. */
export const mails = contexts.flatMap(({ mails = [] }) => mails)

/** What a worker does. */
export const handlers = (config: Config): readonly Handler[] => [
  sendsMails({ config, mails }),
  ...contexts.flatMap(({ jobs = [] }) => jobs),
]

/** What comes by the clock (UTC). */
export const schedules = contexts.flatMap(({ schedules = [] }) => schedules)
