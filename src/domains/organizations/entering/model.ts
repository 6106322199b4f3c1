import { z } from 'zod'
import { line } from '#src/domains/organizations/organizations/model.ts'

export const entering = z.strictObject({ reason: line(500) })
