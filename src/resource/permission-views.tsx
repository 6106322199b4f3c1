import { permissionInWords } from '#src/resource/permission-words.ts'

/** A permission in words, next to its code. */
export const Permission = ({ code }: { code: string }) => (
  <>
    {permissionInWords(code)} <code class="nothing">{code}</code>
  </>
)
