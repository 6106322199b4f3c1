import { permissionInWords } from '#src/resource/permission-words.ts'

/** A permission in words, with its code beside. */
export const Permission = ({ code }: { code: string }) => (
  <>
    {permissionInWords(code)} <code class="nothing">{code}</code>
  </>
)
