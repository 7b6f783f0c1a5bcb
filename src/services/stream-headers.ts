/** Headers of an answer that is a stream: a hijacked reply does not write by itself what hooks have set so far. */
export const streamHeaders = (
  headers: Readonly<Record<string, number | string | string[] | undefined>>,
): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
