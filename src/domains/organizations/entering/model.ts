import { z } from 'zod'
import { line } from '#src/resource/kinds/lines.ts'

export const entering = z.strictObject({ reason: line(500).min(1) })
