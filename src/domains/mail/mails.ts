import { notice } from '#src/domains/mail/templates/notice.ts'
import { test } from '#src/domains/mail/templates/test.ts'
import type { AnyMail } from '#src/platform/mail/letter.ts'

/** Every kind of mail: one line each. */
export const mails: readonly AnyMail[] = [test, notice]
