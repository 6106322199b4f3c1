import { z } from 'zod'
import { type Column, column, type Given, inputOf, type Kind } from '#src/resource/kinds/column.ts'
import { asTag } from '#src/resource/kinds/parameters.ts'

const kind: Kind = {
  name: 'tags',
  type: 'text[]',
  filter: () => ({ kind: 'tags', column: null }),
  tagged: true,
  example: () => 'one, two',
  cell: (value) => ({ tags: value as string[] }),
  control: inputOf('text'),
}

const SEVERAL = 'Enter tags: a list, or words with commas'
const TAG = /^[\p{L}\p{N}][\p{L}\p{N} ._:/+#-]*$/u

/** Normalized, distinct, sorted tags, from an array or comma-separated text. Lists can be filtered by them. */
export function tags(label: string, given: Given & { most?: number } = {}): Column {
  const { most = 20, ...rest } = given
  const each = z
    .array(z.string(SEVERAL), SEVERAL)
    .transform((sent) => [...new Set(sent.map(asTag).filter(Boolean))].sort())
    .refine(
      (sent) => sent.every((tag) => tag.length <= 50 && TAG.test(tag)),
      'Use tags of up to 50 letters, digits, spaces and . _ : / + # -',
    )
    .refine((sent) => sent.length <= most, `Use at most ${most} tags`)
  const needed = rest.required ? each.refine((sent) => sent.length > 0, 'Enter a tag') : each
  const schema = z.preprocess((sent) => (typeof sent === 'string' ? sent.split(',') : sent), needed)
  const values = { output: z.array(z.string()), initial: [], input: schema }
  return column(kind, label, values, { filterable: true, ...rest })
}
