import type { Config } from '#src/config.ts'
import { mails } from '#src/domains/shell/mails.ts'
import type { Handler } from '#src/platform/jobs/handler.ts'
import type { Schedule } from '#src/platform/jobs/jobs.ts'
import { tidies, tidy } from '#src/platform/jobs/tidy.ts'
import { sendsMails } from '#src/platform/mail/sending.ts'

/** What a worker does: one line a kind of job. */
export const handlers = (config: Config): readonly Handler[] => [sendsMails({ config, mails }), tidies]

/** What comes by the clock (UTC). */
export const schedules: readonly Schedule[] = [{ job: tidy, cron: '23 * * * *' }]
